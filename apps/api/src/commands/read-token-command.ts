import { apiScopes, type ApiScope, type IntegrationId } from '@waybill/domain'
import {
  BadArgument,
  readArguments,
  readChoices,
  readEmail,
  readId,
  readIntegrations,
  readText,
  text,
  texts,
  type Read,
} from './read-arguments.ts'

/** `integrations` are the ids a token reaches; `scopes` the APIs it may call, null: all of them. */
export type TokenCommand =
  | {
      kind: 'create-token'
      integrations: IntegrationId[]
      name: string
      scopes: ApiScope[] | null
      email: string | null
    }
  | { kind: 'list-tokens' }
  | { kind: 'revoke-token'; id: number }

export const tokenUsage = `
  token create --integration <number>... --name <text>  make a token and print it, this once
    [--scope ${apiScopes.join('|')}]...
                                                        the APIs it may call; without it all of them
    [--email <address>]                                 whom mails about what it makes go to
  token list                                            print the tokens, but never a token itself
  token revoke --id <number>                            end a token`

/** Reads `token <verb>`; undefined for an unknown verb. Pure. */
export function readTokenCommand(verb: string, args: string[]): Read<TokenCommand> | undefined {
  switch (verb) {
    case 'create':
      return readArguments(
        args,
        { integration: texts, name: text, scope: texts, email: text },
        ({ integration, name, scope, email }) => {
          const integrations = readIntegrations(integration)
          if (integrations.length === 0) throw new BadArgument('--integration is missing.')
          return {
            kind: 'create-token',
            integrations,
            name: readText('--name', name),
            scopes: scope === undefined ? null : readChoices('--scope', scope, apiScopes),
            email: email === undefined ? null : readEmail('--email', email),
          }
        },
      )
    case 'list':
      return readArguments(args, {}, () => ({ kind: 'list-tokens' }))
    case 'revoke':
      return readArguments(args, { id: text }, ({ id }) => ({ kind: 'revoke-token', id: readId('--id', id) }))
    default:
      return undefined
  }
}
