import { join, resolve } from 'node:path'

export type DataLayout = ReturnType<typeof dataLayout>

/** What lies where inside one data folder. Only `cluster` and `log` are written by Postgres itself. */
export function dataLayout(dataDir: string) {
  const root = resolve(dataDir)
  return {
    root,
    cluster: join(root, 'data'),
    unfinishedCluster: join(root, 'data.unfinished'),
    password: join(root, 'password'),
    port: join(root, 'port'),
    owner: join(root, 'owner'),
    log: join(root, 'postgres.log'),
    binaries: join(root, 'binaries'),
  }
}
