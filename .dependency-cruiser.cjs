/** What may import what. A rule's comment is what a developer reads when it is broken. */
const only = (name, comment, modules, allowedFrom) => ({
  name,
  comment,
  severity: 'error',
  from: { path: '^(apps|packages|tests)/', pathNot: allowedFrom },
  to: { path: `node_modules/(${modules})(/|$)`, dependencyTypesNot: ['type-only'] },
})

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two files that import each other cannot be read one at a time.',
      severity: 'error',
      from: { path: '/src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'apps-are-apart',
      comment: 'Apps are deployed apart: what two of them need is a package.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/([^/]+)/', pathNot: '^apps/$1/' },
    },
    {
      name: 'packages-know-no-app',
      comment: 'A package serves apps and knows none of them.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'domain-does-no-io',
      comment: 'The domain is pure: what it needs of the world comes in as arguments.',
      severity: 'error',
      from: { path: '^packages/domain/src/' },
      to: { pathNot: ['^packages/domain/src/', '^crypto$', '^node:crypto$'] },
    },
    {
      name: 'storing-never-enqueues',
      comment: 'Postgres is the truth and the queue a hint: the database package must not know the queue.',
      severity: 'error',
      from: { path: '^packages/db/src/' },
      to: { path: '^packages/queue/' },
    },
    {
      name: 'testing-only-in-tests',
      comment: 'Test helpers start servers and processes: no shipped code may.',
      severity: 'error',
      from: { path: '^(apps|packages)/[^/]+/src/', pathNot: '^packages/testing/' },
      to: { path: '^packages/testing/' },
    },
    only(
      'database-clients-in-db',
      'Statements live in packages/db, as verbs that guard the state they leave.',
      'drizzle-orm|postgres',
      '^(packages/(db|embedded|testing)/|tests/|.*/test/)',
    ),
    only(
      'queue-clients-in-queue',
      'The queue only wakes workers: packages/queue hides which backend it is.',
      'bullmq|ioredis|pg',
      '^(packages/queue/|tests/)',
    ),
    only(
      'http-clients-in-egress',
      'Whatever dials out goes through the address guard of packages/egress.',
      'undici|got',
      '^(packages/egress/|tests/)',
    ),
    only('express-in-api', 'Only the api serves HTTP to the world.', 'express', '^(apps/api/|tests/)'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|\\.waybill)/' },
    tsConfig: { fileName: 'tsconfig.base.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['source', 'import', 'node', 'default'],
    },
  },
}
