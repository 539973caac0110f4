// Which referrals a ledger would pay on: one inviter per invitee and programme, the first in time, never oneself and never in
// a circle. The others stay as facts for the detector and are marked not payable.

export type Standing = 'payable' | 'self_referral' | 'second_inviter' | 'cycle'

export interface StandingRow {
  readonly inviter: number
  readonly invitee: number
  readonly createdAt: number
  readonly program: string
  /** Breaks ties of time, so that the order of rows does not: the inviter's own id. */
  readonly inviterId: string
}

/** One standing per row, in the order of the rows. */
export function standingsOf(rows: readonly StandingRow[]): Standing[] {
  const standings = new Array<Standing>(rows.length).fill('payable')
  const byProgram = new Map<string, number[]>()
  for (const [index, row] of rows.entries()) {
    const indices = byProgram.get(row.program)
    if (indices === undefined) byProgram.set(row.program, [index])
    else indices.push(index)
  }
  for (const indices of byProgram.values()) settleProgram(rows, indices, standings)
  return standings
}

function settleProgram(rows: readonly StandingRow[], indices: number[], standings: Standing[]): void {
  const at = (index: number): StandingRow => rows[index] ?? missing()
  indices.sort((left, right) => compareRows(at(left), at(right)))
  const invited = new Set<number>()
  const trees = new Trees()
  for (const index of indices) {
    const { inviter, invitee } = at(index)
    if (inviter === invitee) standings[index] = 'self_referral'
    else if (invited.has(invitee)) standings[index] = 'second_inviter'
    else if (!trees.join(inviter, invitee)) standings[index] = 'cycle'
    else invited.add(invitee)
  }
}

function compareRows(left: StandingRow, right: StandingRow): number {
  if (left.createdAt !== right.createdAt) return left.createdAt - right.createdAt
  return left.inviterId < right.inviterId ? -1 : left.inviterId > right.inviterId ? 1 : 0
}

/**
 * Union-find over trees of invitation. An account without inviter is the root of its tree, so joining it under an inviter
 * of the same tree is the one way to close a circle.
 */
class Trees {
  private readonly parent = new Map<number, number>()

  join(inviter: number, invitee: number): boolean {
    const root = this.rootOf(inviter)
    const own = this.rootOf(invitee)
    if (root === own) return false
    this.parent.set(own, root)
    return true
  }

  private rootOf(account: number): number {
    let root = account
    for (let up = this.parent.get(root); up !== undefined; up = this.parent.get(root)) root = up
    for (let at = account; at !== root;) {
      const up = this.parent.get(at) ?? root
      this.parent.set(at, root)
      at = up
    }
    return root
  }
}

function missing(): never {
  throw new Error('no such referral')
}
