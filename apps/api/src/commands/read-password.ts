import type { Readable } from 'node:stream'
import { maxPassword } from '../planomatic/identity/hash-password.ts'
import type { PasswordSource } from './read-user-command.ts'

/** Where a command may look for what must not stand in its arguments. */
export type PasswordInput = { env: NodeJS.ProcessEnv; stdin: Readable }

const minPassword = 8
const maxInput = 8_192

/** The password an operator gives a user, or what is wrong with it. A line end after it is not part of it. */
export async function readPassword(
  source: PasswordSource,
  { env, stdin }: PasswordInput,
): Promise<{ password: string } | { problem: string }> {
  const given = source.from === 'env' ? env[source.variable] : await readAll(stdin)
  const where = source.from === 'env' ? `The variable ${source.variable}` : 'Standard input'
  const password = (given ?? '').replace(/\r?\n$/, '')
  if (password === '') return { problem: `${where} holds no password.` }
  if (password.length < minPassword || password.length > maxPassword)
    return { problem: `A password has from ${minPassword} to ${maxPassword} characters.` }
  if (/\p{Cc}/u.test(password)) return { problem: 'A password is one line without control characters.' }
  return { password }
}

async function readAll(stdin: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stdin as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(chunk)
    chunks.push(bytes)
    length += bytes.length
    if (length > maxInput) break
  }
  return Buffer.concat(chunks).toString('utf8')
}
