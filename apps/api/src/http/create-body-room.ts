/** What one body takes of the room, from its first byte on. */
export type BodyPlace = {
  /** Whether so many bytes more would still fit. */
  fits(bytes: number): boolean
  take(bytes: number): void
  /** Gives back what was taken. */
  leave(): void
}

/** The bytes of bodies that are being read, or were and wait to be looked at. */
export type BodyRoom = {
  /** @param most what everybody's bodies together may take once this one does */
  enter(most: number): BodyPlace
}

/** Counts bytes as they come, not as they are announced: somebody who sends slowly takes little from the others. */
export function createBodyRoom(): BodyRoom {
  let taken = 0
  return {
    enter: (most) => {
      let own = 0
      return {
        fits: (bytes) => taken + bytes <= most,
        take: (bytes) => {
          own += bytes
          taken += bytes
        },
        leave: () => {
          taken -= own
          own = 0
        },
      }
    },
  }
}
