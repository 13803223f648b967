import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openDatabase, type DatabaseOptions } from '@waybill/db'
import { createTestDatabase, eventually, startProxy, type TestDatabase } from '@waybill/testing'

describe('the client of the database', () => {
  let clone: TestDatabase
  beforeAll(async () => (clone = await createTestDatabase()))
  afterAll(() => clone.drop())

  const open = (applicationName: string, changes: Partial<DatabaseOptions> = {}) =>
    openDatabase({
      url: clone.url,
      applicationName,
      hotConnections: 1,
      otherConnections: 1,
      statementTimeoutMs: 10_000,
      ...changes,
    })

  it.each(['SELECT 2', 'SELECT $1::int'])(
    'fails "%s" in a transaction whose connection ended, and keeps its pool whole',
    async (statement) => {
      const proxy = await startProxy()
      const database = open('test', { url: proxy.route(clone.url) })
      // Without the patch of the client this ends the process, from a callback that nobody can catch.
      const transaction = database.sql.begin(async (tx) => {
        await tx`SELECT 1`
        proxy.cut()
        await pause(50)
        return tx.unsafe(statement, statement.includes('$') ? [2] : [])
      })
      await expect(transaction).rejects.toMatchObject({ code: expect.stringMatching(/^CONNECTION_/) })
      const [row] = await database.sql<{ n: number }[]>`SELECT 3 AS n`
      expect(row?.n).toBe(3)
      await database.close()
      await proxy.close()
    },
  )

  // Without the patch of the client the rows that had come shift those of the next answer, and its first is undefined.
  it('answers whole after a statement that failed in the middle of its rows', async () => {
    const database = open('test')
    const halfway = database.sql`SELECT 1 / (3 - i) AS n FROM generate_series(1, 5) i`
    const pipelined = database.sql`SELECT i AS n FROM generate_series(1, 3) i`
    await expect(halfway).rejects.toMatchObject({ code: '22012' })
    expect([...(await pipelined)]).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
    expect([...(await database.sql`SELECT 4 AS n`)]).toEqual([{ n: 4 }])
    await database.close()
  })

  it('answers whole after a connection that was cut in the middle of its rows', async () => {
    const proxy = await startProxy()
    const database = open('test', { url: proxy.route(clone.url) })
    // Rows this large leave the server one by one.
    const cut = database.sql`SELECT repeat('x', 20000) AS text, pg_sleep(0.02) FROM generate_series(1, 500)`
    const failed = expect(cut).rejects.toMatchObject({ code: expect.stringMatching(/^CONNECTION_|^ECONN/) })
    await pause(800)
    proxy.cut()
    await failed
    const [row] = await database.sql<{ n: number }[]>`SELECT 3 AS n`
    expect(row?.n).toBe(3)
    await database.close()
    await proxy.close()
  })

  // Without the patch of the client its promise never settles.
  it('fails a statement that comes between the reset of an idle connection and its end', async () => {
    const { hostname, port } = new URL(clone.url)
    const sockets: Socket[] = []
    const socket = async () => {
      const dialled = connect({ host: hostname, port: Number(port) })
      sockets.push(dialled)
      await once(dialled, 'connect')
      return dialled
    }
    // Its types do not know `socket`.
    const options = { max: 1, socket }
    const sql = postgres(clone.url, options)
    await sql`SELECT 1`
    const between = new Promise((resolve) =>
      sockets[0]?.once('error', () => resolve(sql`SELECT 2 AS n`.then(String, () => 'failed'))),
    )
    sockets[0]?.destroy(new Error('read ECONNRESET'))
    expect(await Promise.race([between, pause(10_000, 'never')])).toBe('failed')
    expect([...(await sql`SELECT 3 AS n`)]).toEqual([{ n: 3 }])
    await sql.end()
  })

  it('leaves no connection behind when it is closed while statements wait', async () => {
    const admin = open('admin')
    const database = open('leaving', { hotConnections: 2 })
    const statements = Array.from({ length: 6 }, (_, i) =>
      database.sql`SELECT pg_sleep(${0.3 + i / 100}::float8)`.then(
        () => 'done',
        () => 'failed',
      ),
    )
    await pause(50)
    await database.close()
    await Promise.all(statements)
    await eventually(async () => {
      const left = await admin.sql`
        SELECT pid FROM pg_stat_activity WHERE application_name = 'leaving' AND datname = current_database()`
      return left.length === 0
    })
    // A connection that is dialled anew would come now.
    await pause(1_000)
    const [row] = await admin.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM pg_stat_activity
      WHERE application_name = 'leaving' AND datname = current_database()`
    expect(row?.n).toBe(0)
    await admin.close()
  })

  it('does not take statements for lost that wait behind others on a living server', async () => {
    let silent = 0
    const database = open('waiting', {
      statementTimeoutMs: 800,
      readConnections: 1,
      onSilent: () => {
        silent += 1
      },
    })
    const answers = await Promise.all(Array.from({ length: 10 }, () => database.read`SELECT pg_sleep(0.7)`))
    expect(answers).toHaveLength(10)
    expect(silent).toBe(0)
    await database.close()
  })
})
