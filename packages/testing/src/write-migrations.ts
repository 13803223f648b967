import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Later than any migration that is released, and before the next one of the same test. */
const firstWhen = 4_000_000_000_000

/**
 * Writes migrations into a folder as drizzle-kit does: each text is a file, statements apart by `--> statement-breakpoint`.
 * They come after the real ones.
 */
export async function writeMigrations(folder: string, texts: readonly string[]): Promise<void> {
  await mkdir(join(folder, 'meta'), { recursive: true })
  const entries = texts.map((_, idx) => ({
    idx,
    version: '7',
    when: firstWhen + idx,
    tag: `${9_000 + idx}_test`,
    breakpoints: true,
  }))
  for (const [i, { tag }] of entries.entries()) await writeFile(join(folder, `${tag}.sql`), texts[i] ?? '')
  await writeFile(join(folder, 'meta', '_journal.json'), JSON.stringify({ version: '7', entries }))
}
