import { pgErrorCode } from './pg-error.ts'

/**
 * A statement of postgres.js: a promise that begins its work when somebody waits for it. `state` is set once it is sent
 * and stands for its connection; until then it waits for a free one.
 */
type Statement = Promise<unknown> & {
  handle: () => unknown
  state: object | null
  reject: (error: unknown) => void
}

type Callable = (...given: never[]) => unknown

const isStatement = (value: unknown): value is Statement =>
  value instanceof Promise && typeof (value as Partial<Statement>).handle === 'function'

/** How long after `onSilent` its pool may take to fail what it holds. */
const failsWithinMs = 10_000

/** As the client says it of a statement whose connection it gave up. */
const givenUp = () =>
  Object.assign(new Error('the statement got no answer, and its client gave it none'), {
    code: 'CONNECTION_DESTROYED',
  })

/**
 * The same client, telling `onSilent` of every statement that was sent, and every transaction, that has neither ended nor
 * failed after `silentMs`. A peer that vanished says nothing, and TCP alone would wait for it for many minutes.
 *
 * A statement that is still open a while after that fails: whoever waits for it must not do so for ever, should the client
 * have lost it.
 *
 * `onReadOnly` is told of every statement that was refused because the server takes no writes (SQLSTATE 25006): a client
 * can come to a standby although it wants a primary.
 *
 * @param silentMs longer than the server lets any statement run
 */
export function watchStatements<Client extends Callable>(
  client: Client,
  silentMs: number,
  onSilent: () => void,
  onReadOnly: () => void = () => {},
): Client {
  // When a connection last ended a statement, by the object that stands for it. Statements follow each other on one
  // connection, so one that waits behind others proves nothing as long as these come to their ends.
  const endedAt = new WeakMap<object, number>()
  const isSilent = (connection: object | null): boolean =>
    connection !== null && performance.now() - (endedAt.get(connection) ?? -Infinity) > silentMs
  const watch = (
    work: Promise<unknown>,
    connectionOf: () => object | null,
    fail: (error: Error) => void,
  ): void => {
    let timer: NodeJS.Timeout
    const look = (): void => {
      if (!isSilent(connectionOf())) return start()
      timer = setTimeout(() => fail(givenUp()), failsWithinMs)
      onSilent()
    }
    const start = (): void => {
      timer = setTimeout(look, silentMs)
    }
    start()
    const stop = () => {
      clearTimeout(timer)
      const connection = connectionOf()
      if (connection) endedAt.set(connection, performance.now())
    }
    // Not work.then(): a statement's own begins it.
    void Promise.prototype.then.call(work, stop, (error: unknown) => {
      stop()
      if (pgErrorCode(error) === '25006') onReadOnly()
    })
  }
  const watched = (made: unknown): unknown => {
    if (!isStatement(made)) return made
    const begin = made.handle.bind(made)
    made.handle = () => {
      made.handle = begin
      watch(
        made,
        () => made.state,
        (error) => made.reject(error),
      )
      return begin()
    }
    return made
  }
  return new Proxy(client, {
    apply: (target, self, given: unknown[]) =>
      watched(Reflect.apply(target as unknown as (...all: unknown[]) => unknown, self, given)),
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if ((name !== 'unsafe' && name !== 'begin') || typeof member !== 'function') return member
      return (...given: unknown[]) => {
        const made: unknown = Reflect.apply(member as (...all: unknown[]) => unknown, target, given)
        if (name === 'unsafe') return watched(made)
        const itself = {}
        const failed = new Promise<never>((_resolve, reject) =>
          watch(made as Promise<unknown>, () => itself, reject),
        )
        return Promise.race([made, failed])
      }
    },
  })
}
