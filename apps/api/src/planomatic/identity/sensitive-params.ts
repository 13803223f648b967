import type { IncomingMessage } from 'node:http'
import { readBody } from '../../http/read-body.ts'
import { PlanomaticRefusal } from '../envelope.ts'
import { maxParamBytes, parseParams, refusingProblems, type ParamObject } from '../read-params.ts'

/** Sensitive parameters are declared as text, since that is what base64 is. */
export const isPlainText = ({ headers }: IncomingMessage): boolean =>
  /^\s*text\/plain\s*(;|$)/i.test(headers['content-type'] ?? '')

/**
 * The sensitive parameters of a request, as "Sessions Create" has them
 * (https://planocore.planomatic.com/documentation/api/v1/sessions/create): a body of text/plain, the base64 of a JSON
 * object. Its query string is left alone: that is where secrets end up in logs.
 */
export function readSensitiveParams(request: IncomingMessage): Promise<ParamObject> {
  return refusingProblems(async () => {
    checkPlainText(request)
    const bytes = decodeBase64(await readBody(request, maxParamBytes))
    const params = bytes.length === 0 ? {} : parseParams(bytes)
    if (Object.keys(params).length === 0) throw new PlanomaticRefusal('no-params-decoded')
    return params
  })
}

function checkPlainText(request: IncomingMessage): void {
  const refuse = (attr: string, message: string) =>
    new PlanomaticRefusal('invalid-content-type', [{ attr, message }])
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
    throw refuse('content-encoding', 'Send the body uncompressed, without Content-Encoding.')
  if (!isPlainText(request))
    throw refuse('content-type', 'Send the parameters as text/plain: the base64 of a JSON object.')
  // Other charsets spell base64 in other bytes.
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(request.headers['content-type'] ?? '')?.[1]
  if (charset !== undefined && !/^(utf-?8|us-ascii|iso-8859-1)$/i.test(charset))
    throw refuse('content-type', 'Base64 is ASCII: send charset=utf-8 or none.')
}

/** Base64 of either alphabet (RFC 4648, sections 4 and 5), with or without padding and line breaks. */
function decodeBase64(body: Buffer): Buffer {
  const text = body.toString('latin1').replaceAll(/[ \t\r\n]+/g, '')
  const [, digits = '', padding = ''] = /^([A-Za-z0-9+/]*|[\w-]*)(={0,2})$/.exec(text) ?? []
  const isWhole = padding === '' ? digits.length % 4 !== 1 : text.length % 4 === 0 && digits !== ''
  if (digits.length + padding.length === text.length && isWhole) return Buffer.from(digits, 'base64')
  const message = 'The body is not base64.'
  throw new PlanomaticRefusal('invalid-encoded-params', [{ attr: 'body', message }])
}
