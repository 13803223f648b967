import type { NodemailerError } from 'nodemailer'
import { redactText } from '@waybill/runtime'

/** Why a mail was not taken. */
export type MailErrorCode =
  /** Nobody answers at the server's address, or the connection broke. */
  | 'smtp_unreachable'
  | 'smtp_timeout'
  /** No secure connection: an untrusted certificate, or none where TLS is required. */
  | 'smtp_tls_failed'
  | 'smtp_auth_failed'
  /** The server takes mail for none of the addresses. */
  | 'smtp_refused_recipient'
  /** The server refuses the sender or the message. */
  | 'smtp_rejected'

const longest = 300

/** An error of nodemailer as a stable code and one line for people. */
export function classifyMailError(error: unknown): { code: MailErrorCode; message: string } {
  const text = error instanceof Error ? error.message : String(error)
  const message = redactText(text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .slice(0, longest)
  return { code: codeOf(error as NodemailerError), message }
}

/** nodemailer's codes: https://nodemailer.com/errors */
function codeOf({ code, command, originalCode }: NodemailerError): MailErrorCode {
  switch (code) {
    case 'ETIMEDOUT':
    case 'EABORT':
      return 'smtp_timeout'
    case 'EAUTH':
    case 'ENOAUTH':
    case 'EOAUTH2':
      return 'smtp_auth_failed'
    case 'ETLS':
    case 'EREQUIRETLS':
      return 'smtp_tls_failed'
    case 'EENVELOPE':
      return command === 'RCPT TO' ? 'smtp_refused_recipient' : 'smtp_rejected'
    case 'EMESSAGE':
    case 'EPROTOCOL':
      return 'smtp_rejected'
    default:
      return isCertificateError(originalCode) ? 'smtp_tls_failed' : 'smtp_unreachable'
  }
}

/** Node's names for what is wrong with a certificate, and OpenSSL's for a failed handshake. */
const isCertificateError = (code = ''): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|^ERR_(SSL|TLS)|^EPROTO$/.test(code)
