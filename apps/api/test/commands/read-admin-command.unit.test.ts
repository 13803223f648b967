import { describe, expect, it } from '@jest/globals'
import { readAdminCommand } from '../../src/commands/read-admin-command.ts'

const read = (line: string) => readAdminCommand(line.split(' ').filter((word) => word !== ''))

describe('readAdminCommand', () => {
  it.each([
    ['integration put --id 12 --name Yard', { kind: 'put-integration', id: 12, name: 'Yard' }],
    [
      'token create --integration 12 --name orders',
      { kind: 'create-token', integrations: [12], name: 'orders', scopes: null, email: null },
    ],
    [
      'token create --integration=12 --integration 7 --integration 12 --name=orders',
      { kind: 'create-token', integrations: [12, 7], name: 'orders', scopes: null, email: null },
    ],
    [
      'token create --integration 12 --name n --scope v1 --scope planning-center --scope v1 --email a@b.test',
      {
        kind: 'create-token',
        integrations: [12],
        name: 'n',
        scopes: ['v1', 'planning-center'],
        email: 'a@b.test',
      },
    ],
    [
      'user create --email a@b.test',
      { kind: 'create-user', email: 'a@b.test', name: null, password: null, roles: [], integrations: [] },
    ],
    [
      'user create --email a@b.test --name Pat --password-stdin --role client --role liaison --integration 12',
      {
        kind: 'create-user',
        email: 'a@b.test',
        name: 'Pat',
        password: { from: 'stdin' },
        roles: ['client', 'liaison'],
        integrations: [12],
      },
    ],
    [
      'user grant --email a@b.test --role employee',
      { kind: 'grant-user', email: 'a@b.test', roles: ['employee'], integrations: [] },
    ],
    [
      'user revoke --email a@b.test --role employee --integration 12 --integration 12',
      { kind: 'revoke-user', email: 'a@b.test', roles: ['employee'], integrations: [12] },
    ],
    ['user disable --email a@b.test', { kind: 'disable-user', email: 'a@b.test' }],
    [
      'user set-password --email a@b.test --password-env NEW',
      { kind: 'set-password', email: 'a@b.test', password: { from: 'env', variable: 'NEW' } },
    ],
    ['user list', { kind: 'list-users' }],
    ['session revoke --user-email a@b.test', { kind: 'revoke-sessions', email: 'a@b.test' }],
    ['route deploy --path /a/b', { kind: 'deploy-route', path: '/a/b', deployed: true }],
    ['route undeploy --path /a/b', { kind: 'deploy-route', path: '/a/b', deployed: false }],
    ['service undeploy --name core', { kind: 'deploy-service', name: 'core', deployed: false }],
    ['route list', { kind: 'list-routes' }],
    ['retention show', { kind: 'show-retention' }],
    ['retention set --days 14', { kind: 'set-retention', days: 14 }],
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
    ['token create --integration 12 --name n --scope v2', /--scope is one of v1, .*, not "v2"/],
    ['token create --integration 12 --name n --email nobody', /--email is an e-mail address, not "nobody"/],
    ['user', /no command "user "/],
    ['user create', /--email is missing/],
    ['user create --email a@b.test --password secret', /--password/],
    ['user create --email a@b.test --password-stdin --password-env NEW', /exclude each other/],
    ['user create --email a@b.test --role admin', /--role is one of client, employee, liaison/],
    ['user create --email a@b.test --integration x', /--integration is a whole number/],
    ['user grant --email a@b.test', /--role or --integration is missing/],
    ['user revoke --email a@b.test', /--role or --integration is missing/],
    ['user revoke --role client', /--email is missing/],
    ['user disable', /--email is missing/],
    ['user disable --email a@b.test --role client', /--role/],
    ['user set-password --email a@b.test', /--password-stdin or --password-env is missing/],
    ['session revoke', /--user-email is missing/],
    ['route deploy', /--path is missing/],
    ['service list', /no command "service list"/],
    ['service deploy', /--name is missing/],
    ['retention', /no command "retention "/],
    ['retention show --days 30', /--days/],
    ['retention set', /--days is missing/],
    ['retention set --days 13', /--days is a whole number from 14 to 3650, not "13"/],
    ['retention set --days 3651', /--days is a whole number/],
    ['retention set --days 30.5', /--days is a whole number/],
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
