import { connect } from 'node:net'
import { describe, expect, it } from '@jest/globals'
import { freePort } from '@waybill/embedded'
import { describeMail } from '../src/stack/describe-mail.ts'
import { startMailSink } from '../src/stack/start-mail-sink.ts'

describe('the mail sink', () => {
  it('takes a mail and tells whom it was for and what about', async () => {
    const lines: string[] = []
    const port = await freePort()
    const sink = await startMailSink({ port, onMail: (line) => lines.push(line) })
    expect(sink.smtpUrl).toBe(`smtp://127.0.0.1:${port}`)
    const socket = connect(port, '127.0.0.1')
    const answers = socket.setEncoding('utf8')[Symbol.asyncIterator]()
    for (const command of [
      'EHLO here',
      'MAIL FROM:<waybill@localhost>',
      'RCPT TO:<ops@yard.test>',
      'RCPT TO:<dev@yard.test>',
      'DATA',
      'Subject: Hello\r\n\r\nA line.\r\n.',
      'QUIT',
    ]) {
      await answers.next()
      socket.write(`${command}\r\n`)
    }
    await answers.next()
    socket.destroy()
    await sink.close()
    expect(lines).toEqual(['Mail to ops@yard.test, dev@yard.test: "Hello"'])
  })

  it('reads a subject that is folded and encoded', () => {
    const mail =
      'To: x\r\nSubject: =?UTF-8?Q?Gr=C3=B6=C3=9Fe_?=\r\n =?UTF-8?B?w7xiZXI=?=\r\nX: y\r\n\r\nSubject: no\r\n'
    expect(describeMail(['a@yard.test'], mail)).toBe('Mail to a@yard.test: "Größe über"')
    expect(describeMail(['a@yard.test'], 'To: x\r\n\r\nSubject: no')).toBe('Mail to a@yard.test: ""')
  })
})
