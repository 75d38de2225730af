export default {
  roots: ["<rootDir>/dist"],
  testEnvironment: "node",
  transform: {},
  // A busy machine is no failure; what hangs is found all the same.
  testTimeout: 30_000,
};
