/** Whether a trigger of that facility is for a subscription; one that names no facilities takes all. */
export const matchesFacility = (
  { facilities }: { facilities?: readonly string[] | undefined },
  facility: string | undefined,
): boolean => facilities === undefined || (facility !== undefined && facilities.includes(facility))
