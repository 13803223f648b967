import { createHash } from 'node:crypto'
import { realpath, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataLayout } from './data-layout.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { canEnter, makeOpenFolder } from './prepare-folder.ts'
import { serverAccount } from './server-account.ts'

/**
 * Where the embedded database of the repository at `repoRoot` lives: `.waybill/postgres` inside it, or, where the
 * server's account cannot get in there (root cloned it into its own home folder), a folder outside named after a hash
 * of the repository's path. The same repository always gets the same answer; `logger` hears when it is outside.
 *
 * @throws EmbeddedPostgresError `folder_unreachable` when no candidate can be entered, `account_failed`
 */
export async function dataDirFor(
  repoRoot: string,
  logger: (line: string) => void = () => undefined,
): Promise<string> {
  const repo = await realpath(repoRoot)
  const inside = join(repo, '.waybill')
  const account = await serverAccount(dataLayout(join(inside, 'postgres')).cluster)
  if (await usable(inside)) return join(inside, 'postgres')

  const hash = createHash('sha256').update(repo).digest('hex').slice(0, 16)
  for (const base of ['/var/lib/waybill-local', join(tmpdir(), `waybill-local-${process.getuid?.()}`)]) {
    if (!(await usable(base))) continue
    const outside = join(base, hash)
    logger(`The account that runs PostgreSQL cannot enter ${repo}; its data is kept in ${outside}`)
    return outside
  }
  throw new EmbeddedPostgresError(
    'folder_unreachable',
    `Neither ${inside}, /var/lib nor ${tmpdir()} can hold the database: the account that runs PostgreSQL cannot enter ` +
      'them. Clone the repository elsewhere, or point DATABASE_URL at a PostgreSQL of your own.',
  )

  /** Ours as well as enterable: a folder that somebody else put under /tmp is not trusted. */
  async function usable(folder: string): Promise<boolean> {
    try {
      await makeOpenFolder(folder)
      const { uid } = await stat(folder)
      if (uid !== process.getuid?.() && uid !== account.ids?.uid && !folder.startsWith(repo)) return false
      return await canEnter(folder, account)
    } catch {
      return false
    }
  }
}
