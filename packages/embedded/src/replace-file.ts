import { rename, rm, writeFile } from 'node:fs/promises'

/**
 * Writes a whole file or nothing. By renaming it also replaces a file that another user (root, last time) left here,
 * and never writes through a symbolic link.
 */
export async function replaceFile(path: string, text: string, mode = 0o644): Promise<void> {
  const draft = `${path}.unfinished`
  await rm(draft, { force: true })
  await writeFile(draft, text, { mode, flag: 'wx' })
  await rename(draft, path)
}
