import type { LocalConfig } from '../config.ts'

/**
 * The environment of api or worker: the person's own, with what this stack decides on top. A `X_FILE` beside a variable
 * that is set here would win over it, so those are left out.
 */
export function childEnvironment(
  config: LocalConfig,
  own: Record<string, string | undefined>,
): NodeJS.ProcessEnv {
  const allow = [...new Set([...config.egressAllow, 'loopback'])]
  const decided: Record<string, string | undefined> = {
    HOST: '127.0.0.1',
    REDIS_URL: config.redisUrl,
    EGRESS_ALLOW: allow.join(','),
    LOG_LEVEL: config.logLevel,
    ...own,
  }
  const hidden = new Set(Object.keys(decided).map((name) => `${name}_FILE`))
  const inherited = Object.entries(config.inherited).filter(([name]) => !hidden.has(name))
  const all = Object.entries({ ...Object.fromEntries(inherited), ...decided })
  return Object.fromEntries(all.filter(([, value]) => value !== undefined))
}
