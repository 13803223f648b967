import { Writable } from 'node:stream'
import { createLogger as createWinston, format, transports } from 'winston'
import { redact } from './redact.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type LogFields = Record<string, unknown>

/** Writes one line per event. An event is named `noun.verb-past`, like `delivery.recorded`. */
export interface Logger {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

export interface LoggerOptions {
  /** The process' name, on every line. */
  service: string
  /** The least level that is written. */
  level: LogLevel
  /** Where lines go, default standard output. */
  stream?: Writable
}

/** Bytes that may wait for whoever reads them. */
const mostWaiting = 4 * 1_048_576

const LEVELS: Record<LogLevel, number> = { error: 0, warn: 1, info: 2, debug: 3 }
const MESSAGE = Symbol.for('message')

// JSON escapes C0 controls; these can still start a line or a terminal sequence in some viewers.
const FORGING = /[\u007f-\u009f\u2028\u2029]/g

/**
 * Writes JSON lines with winston. Secrets, bodies and URLs beyond their origin are redacted, errors become
 * `{code, message, stack}`, of a failed statement without the statement, and no text can start a second line. A level that is off costs one comparison.
 * While nobody reads them, lines beyond 4 MiB are dropped and counted.
 */
export function createLogger({ service, level, stream = process.stdout }: LoggerOptions): Logger {
  outliveReader(stream)
  const winston = createWinston({
    levels: LEVELS,
    level,
    format: format((info) => {
      info[MESSAGE] = toLine(service, info.level, info.message, info['fields'])
      return info
    })(),
    transports: [new transports.Stream({ stream: boundWaiting(service, stream), eol: '\n' })],
  })
  const at =
    (name: LogLevel) =>
    (event: string, fields?: LogFields): void => {
      winston.log({ level: name, message: event, fields })
    }
  const off = (): void => {}
  const pick = (name: LogLevel) => (LEVELS[name] <= LEVELS[level] ? at(name) : off)
  return { debug: pick('debug'), info: pick('info'), warn: pick('warn'), error: pick('error') }
}

const outlived = new WeakSet<Writable>()

/** Whoever collects the lines may end or be restarted: the process must not end with it, and has nobody to tell. */
function outliveReader(stream: Writable): void {
  if (outlived.has(stream)) return
  outlived.add(stream)
  stream.on('error', () => {})
}

/** A reader that has stopped reading must not fill this process' memory. */
function boundWaiting(service: string, stream: Writable): Writable {
  let dropped = 0
  return new Writable({
    decodeStrings: false,
    write: (line: string, _encoding, done) => {
      if (stream.writableLength > mostWaiting) dropped += 1
      else {
        if (dropped > 0) stream.write(`${toLine(service, 'warn', 'log.dropped', { lines: dropped })}\n`)
        dropped = 0
        stream.write(line)
      }
      done()
    },
  })
}

function toLine(service: string, level: string, event: unknown, fields: unknown): string {
  const own = { time: new Date().toISOString(), level, service, event: redact(event) }
  // Twice: the first fixes the order for readers, the second keeps a field from posing as one of these.
  const line = JSON.stringify({ ...own, ...(redact(fields) as LogFields | undefined), ...own })
  return line.replace(FORGING, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
