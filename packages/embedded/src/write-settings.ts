import { join } from 'node:path'
import type { DataLayout } from './data-layout.ts'
import { replaceFile } from './replace-file.ts'

export const settingsFileName = 'waybill.conf'

/** For a small machine; durable like a production server. `jit` costs more than it wins on short statements. */
const defaults: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  // Socket paths are limited to about 100 bytes, which a deep checkout exceeds.
  unix_socket_directories: '',
  shared_buffers: '128MB',
  max_connections: '200',
  synchronous_commit: 'on',
  fsync: 'on',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  log_line_prefix: '%m [%p] ',
}

/** Rewritten at every start, so a changed setting needs no new cluster and no shell quoting. */
export async function writeSettings(
  layout: DataLayout,
  port: number,
  settings: Record<string, string>,
): Promise<void> {
  const lines = Object.entries({ ...defaults, ...settings, port: String(port) }).map(
    ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`,
  )
  await replaceFile(join(layout.cluster, settingsFileName), `${lines.join('\n')}\n`)
}
