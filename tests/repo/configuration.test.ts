import { describe, expect, it } from '@jest/globals'
import { configuredApps, documentedVariables, schemaVariables } from './support/read-variables.ts'

describe('docs/configuration.md', () => {
  it('knows every process that reads an environment', () => {
    expect(configuredApps()).toEqual(['api', 'local', 'worker'])
  })

  it.each(configuredApps())('lists the variables of %s, each with its default, and no other', (app) => {
    const read = schemaVariables(app)
    expect(read.map(({ name }) => name)).toContain('DATABASE_URL')
    expect(documentedVariables(app)).toEqual(read)
  })
})
