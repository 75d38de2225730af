export default {
  roots: ["<rootDir>/dist"],
  testEnvironment: "node",
  transform: {},
};
