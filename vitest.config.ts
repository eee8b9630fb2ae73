import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // All cores: much of what the tests do is wait for processes of their own. The default leaves one idle.
    maxWorkers: "100%",
    // A test that hangs ends; no machine is so slow that another one does.
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
  },
});
