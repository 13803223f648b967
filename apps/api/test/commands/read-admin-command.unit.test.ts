import { describe, expect, it } from '@jest/globals'
import { readAdminCommand } from '../../src/commands/read-admin-command.ts'

const read = (line: string) => readAdminCommand(line.split(' ').filter((word) => word !== ''))

describe('readAdminCommand', () => {
  it.each([
    ['integration put --id 12 --name Yard', { kind: 'put-integration', id: 12, name: 'Yard' }],
    [
      'token create --integration 12 --name orders',
      { kind: 'create-token', integrations: [12], name: 'orders' },
    ],
    [
      'token create --integration=12 --integration 7 --integration 12 --name=orders',
      { kind: 'create-token', integrations: [12, 7], name: 'orders' },
    ],
    ['token revoke --id 3', { kind: 'revoke-token', id: 3 }],
    ['token list', { kind: 'list-tokens' }],
    ['integration list', { kind: 'list-integrations' }],
  ])('reads: %s', (line, command) => {
    expect(read(line)).toEqual({ ok: true, command })
  })

  it.each([
    ['', /Say what to do/],
    ['token', /no command "token "/],
    ['token destroy --id 3', /no command "token destroy"/],
    ['integration put --name Yard', /--id is missing/],
    ['integration put --id 12', /--name is missing/],
    ['integration put --id twelve --name Yard', /--id is a whole number from 1 to 2147483647, not "twelve"/],
    ['integration put --id 2147483648 --name Yard', /--id is a whole number/],
    ['token create --name orders', /--integration is missing/],
    ['token create --integration 0 --name orders', /--integration is a whole number/],
    ['token revoke --id 3 --name orders', /--name/],
    ['token revoke 3', /3/],
    ['token list --id 3', /--id/],
  ])('refuses: %s', (line, problem) => {
    expect(read(line)).toEqual({ ok: false, problem: expect.stringMatching(problem) })
  })

  it('refuses a blank name and one that is too long', () => {
    const put = (name: string) => readAdminCommand(['integration', 'put', '--id', '1', '--name', name])
    expect(put('  ')).toMatchObject({ ok: false })
    expect(put('x'.repeat(201))).toMatchObject({ ok: false })
    expect(put(' Yard 1 ')).toMatchObject({ ok: true, command: { name: 'Yard 1' } })
  })
})
