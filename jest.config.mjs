/** Native ESM: started by tests/run.ts, which sets the node flags and the services' addresses. */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/\\.waybill/'],
  modulePathIgnorePatterns: ['/dist/', '/\\.waybill/'],
  testTimeout: 60_000,
  maxWorkers: 2,
}
