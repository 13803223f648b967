import { describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import { BadEnvironment, readEnv, warnOfEnvironment } from '../src/index.ts'

const read = (env: NodeJS.ProcessEnv) => () => readEnv(z.object({}), env)
const warningsOf = (env: NodeJS.ProcessEnv) => {
  const told: unknown[] = []
  warnOfEnvironment(env, { warn: (event, fields) => void told.push([event, fields?.['variables']]) })
  return told
}

describe('an environment that would have Node check no certificate', () => {
  const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }

  it('is bad in production, and says which variable and why', () => {
    expect(read({ ...env, NODE_ENV: 'production' })).toThrow(BadEnvironment)
    expect(read({ ...env, NODE_ENV: 'production' })).toThrow(
      /NODE_TLS_REJECT_UNAUTHORIZED \("0"\): must not turn off the check of certificates/,
    )
  })

  it('is warned of elsewhere', () => {
    expect(read(env)).not.toThrow()
    expect(warningsOf(env)).toEqual([['environment.unsafe', 'NODE_TLS_REJECT_UNAUTHORIZED']])
  })

  it.each(['1', ''])('is none where the variable is "%s", which Node ignores', (value) => {
    const harmless = { NODE_TLS_REJECT_UNAUTHORIZED: value, NODE_ENV: 'production' }
    expect(read(harmless)).not.toThrow()
    expect(warningsOf(harmless)).toEqual([])
  })
})

describe('an environment with proxies', () => {
  it.each([
    [{ HTTP_PROXY: 'http://p', https_proxy: 'http://p', NO_PROXY: 'a' }, 'HTTP_PROXY, https_proxy'],
    [{ ALL_PROXY: 'socks://p', HTTP_PROXY: '' }, 'ALL_PROXY'],
  ])('is accepted with one warning: %j', (env, variables) => {
    expect(read({ ...env, NODE_ENV: 'production' })).not.toThrow()
    expect(warningsOf(env)).toEqual([['environment.ignored', variables]])
  })
})
