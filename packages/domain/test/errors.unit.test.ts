import { describe, expect, it } from '@jest/globals'
import { CodedError, isCodedError } from '@waybill/domain'

describe('coded errors', () => {
  it('carry a code, a status, details and their cause', () => {
    const cause = new Error('socket closed')
    const error = new CodedError('commit_unknown', 'The answer was lost.', {
      status: 503,
      details: { rows: 3 },
      cause,
    })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'CodedError',
      code: 'commit_unknown',
      status: 503,
      details: { rows: 3 },
      cause,
    })
    expect(error.message).toBe('The answer was lost.')
  })

  it('need nothing but a code and a message', () => {
    const error = new CodedError('not_found', 'No such thing.')
    expect(error.status).toBeUndefined()
    expect(error.details).toEqual({})
    expect('cause' in error).toBe(false)
  })

  it('are told apart by their code', () => {
    const error = new CodedError('not_found', 'No such thing.')
    expect(isCodedError(error)).toBe(true)
    expect(isCodedError(error, 'not_found')).toBe(true)
    expect(isCodedError(error, 'other')).toBe(false)
    expect(isCodedError(new Error('not_found'))).toBe(false)
  })

  it('keep their class through a subclass', () => {
    class QuotaError extends CodedError {
      override readonly name = 'QuotaError'
    }
    expect(isCodedError(new QuotaError('quota_exceeded', 'Too many.'))).toBe(true)
    expect(new QuotaError('quota_exceeded', 'Too many.').name).toBe('QuotaError')
  })
})
