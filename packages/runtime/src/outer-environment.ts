import type { Logger } from './create-logger.ts'
import type { EnvironmentProblem } from './read-env.ts'

const unchecked = 'NODE_TLS_REJECT_UNAUTHORIZED'
const proxies = new Set(['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'])

const turnsChecksOff = (env: NodeJS.ProcessEnv): boolean => env[unchecked] === '0'

/** What Node itself would read and no production may have: servers whose certificates nobody checks. */
export function findUnsafeVariables(env: NodeJS.ProcessEnv): EnvironmentProblem[] {
  if (env['NODE_ENV'] !== 'production' || !turnsChecksOff(env)) return []
  const reason = 'must not turn off the check of certificates; name an authority in NODE_EXTRA_CA_CERTS'
  return [{ name: unchecked, value: '"0"', reason }]
}

/** Tells of variables that do less, or more, than whoever set them may think. Values are not shown: a proxy's is a login. */
export function warnOfEnvironment(env: NodeJS.ProcessEnv, logger: Pick<Logger, 'warn'>): void {
  if (turnsChecksOff(env))
    logger.warn('environment.unsafe', {
      variables: unchecked,
      meaning: 'certificates are checked of endpoints only',
    })
  const ignored = Object.keys(env).filter((name) => env[name] !== '' && proxies.has(name.toUpperCase()))
  if (ignored.length > 0)
    logger.warn('environment.ignored', {
      variables: ignored.join(', '),
      meaning: 'every connection is made directly',
    })
}
