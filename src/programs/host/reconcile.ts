// Reconciliation: the host's own list of what it did against our instructions, row by row, with every kind of difference by name.
// Promises: pure; the same two lists give the same report in the same order.

/** One row of the host's list. */
export interface HostRow {
  /** The id that we gave it, or else the host's own reference that it told us with its answer. */
  readonly instructionId?: string | undefined
  readonly reference?: string | undefined
  /** The host's id of the account. */
  readonly account: string
  readonly asset: string
  /** What the host did, in the smallest unit; of a refused one what it was asked. */
  readonly amount: bigint
  readonly status: 'done' | 'refused' | 'pending'
}

/** One instruction as our books know it. */
export interface OurRow {
  readonly instructionId: string
  readonly reference: string | null
  /** Null: erased. */
  readonly account: string | null
  readonly kind: string
  readonly asset: string
  readonly amount: bigint
  readonly state: 'in_transit' | 'confirmed' | 'partly' | 'refused'
  readonly confirmed: bigint | null
  readonly recordedAt: Date
}

export const DIFFERENCES = ['missing_at_host', 'unknown_here', 'other_account', 'other_amount', 'other_outcome', 'twice_at_host', 'not_answered', 'too_long_in_transit'] as const
export type DifferenceKind = (typeof DIFFERENCES)[number]

export interface Difference {
  readonly kind: DifferenceKind
  readonly instructionId: string | null
  readonly reference: string | null
  readonly account: string | null
  readonly asset: string
  /** What our books say, in the smallest unit; null where they know nothing. */
  readonly ours: bigint | null
  readonly host: bigint | null
}

export interface ReconciliationReport {
  readonly matched: number
  /** In transit, not too long, and not done at the host either. */
  readonly waiting: number
  readonly differences: readonly Difference[]
  readonly counts: Readonly<Record<DifferenceKind, number>>
}

export interface ReconcileOptions {
  readonly now: Date
  /** In transit for longer than this is a difference. */
  readonly inTransitHoursMax: number
}

const HOUR_MILLISECONDS = 3_600_000

/** The differences come in the order of our instructions, then of the host's rows that we do not know. */
export function reconcile(ours: readonly OurRow[], host: readonly HostRow[], options: ReconcileOptions): ReconciliationReport {
  const byId = new Map(ours.map((row) => [row.instructionId, row]))
  const byReference = new Map(ours.flatMap((row): [string, OurRow][] => (row.reference === null ? [] : [[row.reference, row]])))
  const found = new Map<OurRow, HostRow[]>()
  const unknown: HostRow[] = []
  for (const row of host) {
    const own = (row.instructionId === undefined ? undefined : byId.get(row.instructionId.toLowerCase())) ?? (row.instructionId !== undefined || row.reference === undefined ? undefined : byReference.get(row.reference))
    if (own === undefined) unknown.push(row)
    else found.set(own, [...(found.get(own) ?? []), row])
  }
  let [matched, waiting] = [0, 0]
  const differences: Difference[] = []
  for (const own of ours) {
    const rows = found.get(own) ?? []
    const kind = compare(own, rows, options)
    if (kind === 'matched') matched += 1
    else if (kind === 'waiting') waiting += 1
    else differences.push(differenceOf(kind, own, rows[0]))
  }
  // What the host has not done yet of something we do not know moved nothing.
  for (const row of unknown) if (row.status === 'done') differences.push(differenceOf('unknown_here', null, row))
  const counts = Object.fromEntries(DIFFERENCES.map((kind) => [kind, differences.filter((each) => each.kind === kind).length])) as Record<DifferenceKind, number>
  return { matched, waiting, differences, counts }
}

function compare(own: OurRow, rows: readonly HostRow[], { now, inTransitHoursMax }: ReconcileOptions): DifferenceKind | 'matched' | 'waiting' {
  if (rows.filter((row) => row.status === 'done').length > 1) return 'twice_at_host'
  const row = rows.find((each) => each.status === 'done') ?? rows[0]
  const isOpen = own.state === 'in_transit'
  if (row === undefined || row.status === 'pending') {
    if (!isOpen) return own.state === 'refused' ? 'matched' : 'missing_at_host'
    return now.getTime() - own.recordedAt.getTime() > inTransitHoursMax * HOUR_MILLISECONDS ? 'too_long_in_transit' : 'waiting'
  }
  if ((own.account !== null && row.account !== own.account) || row.asset !== own.asset) return 'other_account'
  if (isOpen) return row.status === 'done' && row.amount > own.amount ? 'other_amount' : 'not_answered'
  if ((row.status === 'refused') !== (own.state === 'refused')) return 'other_outcome'
  return row.status === 'refused' || row.amount === own.confirmed ? 'matched' : 'other_amount'
}

function differenceOf(kind: DifferenceKind, own: OurRow | null, row: HostRow | undefined): Difference {
  return {
    kind, instructionId: own?.instructionId ?? row?.instructionId ?? null, reference: own?.reference ?? row?.reference ?? null, account: own?.account ?? row?.account ?? null,
    asset: own?.asset ?? row?.asset ?? '', ours: own === null ? null : own.confirmed ?? own.amount, host: row === undefined ? null : row.status === 'refused' ? 0n : row.amount,
  }
}
