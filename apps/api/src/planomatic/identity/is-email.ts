const shape = /^[^\s@\p{Cc}\p{Cs}]{1,64}@[^\s@\p{Cc}\p{Cs}]{1,190}$/u

/** Whether a text can be an e-mail address; only a mail that arrives shows that it is one. */
export const isEmail = (text: string): boolean => shape.test(text)
