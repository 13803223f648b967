import { createToken, putIntegration, revokeToken, type Orm } from '@waybill/db'
import type { AdminCommand } from './read-admin-command.ts'

/** `out` is what a script wants to read, `note` what a person does. */
export type AdminAnswer = { exitCode: number; out?: string; note: string }

/** Does what the operator asked for. */
export async function runAdminCommand(orm: Orm, command: AdminCommand): Promise<AdminAnswer> {
  switch (command.kind) {
    case 'put-integration':
      await putIntegration(orm, command.id, command.name)
      return { exitCode: 0, note: `Integration ${command.id} is named ${command.name}.` }
    case 'create-token': {
      const { id, token } = await createToken(orm, command.name, command.integrations)
      const reach = command.integrations.join(', ')
      return {
        exitCode: 0,
        out: token,
        note: `Token ${id} reaches integration ${reach}. It is shown only this once.`,
      }
    }
    case 'revoke-token':
      return (await revokeToken(orm, command.id))
        ? { exitCode: 0, note: `Token ${command.id} is revoked.` }
        : { exitCode: 1, note: `There is no living token ${command.id}.` }
    default:
      return command satisfies never
  }
}
