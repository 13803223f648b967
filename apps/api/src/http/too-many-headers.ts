import type { IncomingMessage } from 'node:http'

export const maxHeaders = 100

export const hasTooManyHeaders = ({ rawHeaders }: IncomingMessage): boolean =>
  rawHeaders.length > maxHeaders * 2
