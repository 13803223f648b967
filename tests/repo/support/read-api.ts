import type { ApiDeps } from '../../../apps/api/src/deps.ts'
import { nativeRoutes } from '../../../apps/api/src/routes.ts'
import { repoFile } from './repo-file.ts'

/** Every route of the native API as `GET /v1/triggers/{id}`: the table, and those mounted ahead of it. */
export function nativeRoutePaths(): string[] {
  // The table is only read: no handler runs, so nothing of what they are given is used.
  const table = nativeRoutes({ urlRules: {} } as unknown as ApiDeps)
  const ahead = [...repoFile('apps/api/src/app.ts').matchAll(/app\.post\('(\/v1\/[^']+)'/g)]
  return [
    ...table.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`),
    ...ahead.map(([, path]) => `POST ${path}`),
  ]
}

/** What the worker finds itself, beside what the way out tells. */
const ofTheWorker = ['unexpected_status', 'redirect_not_followed', 'secret_unreadable', 'unknown']

/** What an attempt's error can be. */
export function attemptErrors(): string[] {
  const [, union = ''] =
    /EgressErrorCode =([\s\S]*?)\n\n/.exec(repoFile('packages/egress/src/egress-error.ts')) ?? []
  const [, own = ''] = /OwnFailure =(.*)/.exec(repoFile('apps/worker/src/delivery/not-sent.ts')) ?? []
  const noAttempt = codesIn(own)
  return [...ofTheWorker, ...codesIn(union).filter((code) => !noAttempt.includes(code))]
}

const codesIn = (union: string): string[] => [...union.matchAll(/'(\w+)'/g)].map(([, code = '']) => code)
