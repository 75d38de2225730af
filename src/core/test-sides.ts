/** The sides of a data set that are held out for tests; apart from its manifest, whose schema takes time to load. */
export const TEST_SIDES = ["test", "test-unseen-tools", "test-unseen-categories"] as const;
