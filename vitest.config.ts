import { defineConfig } from 'vitest/config'

// A file for whoever counts the results beside the readable summary.
const report = process.env['AGENT_SESSIONS_TEST_REPORT']

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // Real tmux servers and processes: half of the time is spent waiting for them. Four files at once keep two cores busy
    // without starving the bounded waits.
    maxWorkers: 4,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})
