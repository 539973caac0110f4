// How other people appear on a member's pages.

/** Enough to recognise a friend, too little to find a stranger: the first character, never an address or an id. */
export function maskName(name: string): string {
  const [first = ''] = name
  return `${first}***`
}
