import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const derive = promisify(scrypt) as (
  password: string,
  salt: Buffer,
  length: number,
  options: { N: number; r: number; p: number; maxmem: number },
) => Promise<Buffer>

/**
 * 2^15 × 8 × 128 bytes: 32 MiB and some tenths of a second a hash. One of the combinations of "Password Storage"
 * (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#scrypt).
 */
const now = { ln: 15, r: 8, p: 3 }
const hashBytes = 32
const stored = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/-]+)\$([\w+/-]+)$/

/** The longest password that is hashed, in characters. */
export const maxPassword = 1_024

/**
 * A password as it is stored: scrypt (RFC 7914) with its parameters and a salt of its own, so that later ones may have
 * other parameters.
 */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16)
  const hash = await hashWith(now, password, salt, hashBytes)
  const { ln, r, p } = now
  return `$scrypt$ln=${ln},r=${r},p=${p}$${salt.toString('base64url')}$${hash.toString('base64url')}`
}

/** Whether this is the password, in a time that does not depend on how close it is. Rejects for a malformed hash. */
export async function verifyPassword(passwordHash: string, password: string): Promise<boolean> {
  const [, ln, r, p, salt = '', hash = ''] = stored.exec(passwordHash) ?? []
  if (ln === undefined) throw new Error('a stored password hash is malformed')
  const wanted = Buffer.from(hash, 'base64url')
  const parameters = { ln: Number(ln), r: Number(r), p: Number(p) }
  const given = await hashWith(parameters, password, Buffer.from(salt, 'base64url'), wanted.length)
  return timingSafeEqual(given, wanted)
}

/** Two ways to type one character are one password. */
function hashWith({ ln, r, p }: typeof now, password: string, salt: Buffer, length: number): Promise<Buffer> {
  const N = 2 ** ln
  return derive(password.normalize('NFKC'), salt, length, { N, r, p, maxmem: 256 * N * r })
}
