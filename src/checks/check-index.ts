// What the check knows, in memory: who shares what, and what the last scan found. Looked up in one hop, never traversed.
// Promises: applying the same facts in any order and any number of times gives the same index.

import type { CheckPolicy } from '../policies/index.ts'

export interface IndexedIdentifier {
  readonly kind: string
  /** Sum of the detector's `IdentifierFlag` bits. */
  readonly flags: number
}

/** What the last scan said of one referral. */
export interface StoredVerdict {
  readonly programId: number
  readonly probability: number
  /** What a decision may rest on, at most `probability`. */
  readonly decidingProbability: number
  readonly bits: number
  readonly ringId: number | null
  readonly topReason: string
}

/** The last finished scan. */
export interface IndexedScan {
  readonly id: number
  /** Whether what a transaction wrote was seen by it. */
  hasSeen(transactionId: bigint): boolean
  readonly modelVersion: string
}

export interface StoredStrength {
  readonly strength: number
  /** Accounts on the identifier at the scan. */
  readonly accounts: number
}

export interface Restriction {
  readonly kind: string
  readonly startsAt: number
  readonly endsAt: number
}

export interface IndexedPolicy {
  /** Null for the built-in default. */
  readonly id: bigint | null
  readonly effectiveFrom: number
  readonly policy: CheckPolicy
}

/** What a scan found, as one unit that is exchanged at once. */
export interface ScanFindings {
  readonly scan: IndexedScan
  /** By `pairKey`. */
  readonly verdicts: ReadonlyMap<string, readonly StoredVerdict[]>
  readonly strengths: ReadonlyMap<number, StoredStrength>
  readonly ringOf: ReadonlyMap<number, number>
}

const NONE: readonly number[] = []
const NOBODY: ReadonlySet<number> = new Set()

export class CheckIndex {
  /** Everything of the log below this transaction id is in the index. */
  position = 0n
  findings: ScanFindings | null = null
  readonly programs = new Map<string, number>()
  readonly policies = new Map<number, readonly IndexedPolicy[]>()
  /** Decimal places by asset. */
  readonly assets = new Map<string, number>()
  restrictions = new Map<number, readonly Restriction[]>()

  readonly #accountByName = new Map<string, number>()
  readonly #identifierByHash = new Map<string, number>()
  readonly #identifiers = new Map<number, IndexedIdentifier>()
  readonly #identifiersOf = new Map<number, number[]>()
  readonly #holdersOf = new Map<number, number[]>()
  readonly #inviteesOf = new Map<number, Set<number>>()
  /** Links that the last scan has not seen, with the transaction that brought them. */
  readonly #fresh = new Map<number, Map<number, bigint>>()

  account(externalId: string): number | undefined {
    return this.#accountByName.get(externalId)
  }

  identifierByHash(kind: string, hash: Uint8Array): number | undefined {
    return this.#identifierByHash.get(hashKey(kind, hash))
  }

  identifier(id: number): IndexedIdentifier | undefined {
    return this.#identifiers.get(id)
  }

  identifiersOf(account: number): readonly number[] {
    return this.#identifiersOf.get(account) ?? NONE
  }

  holdersOf(identifier: number): readonly number[] {
    return this.#holdersOf.get(identifier) ?? NONE
  }

  inviteesOf(inviter: number): ReadonlySet<number> {
    return this.#inviteesOf.get(inviter) ?? NOBODY
  }

  /** Whether the last scan has not seen this account with this identifier. */
  isFresh(account: number, identifier: number): boolean {
    return this.findings === null || this.#fresh.get(account)?.has(identifier) === true
  }

  /** The verdict of that program; else the highest that another program's scan gave the same pair. */
  verdict(programId: number, inviter: number, invitee: number): StoredVerdict | undefined {
    const verdicts = this.findings?.verdicts.get(pairKey(inviter, invitee)) ?? []
    return verdicts.find((verdict) => verdict.programId === programId)
      ?? verdicts.reduce<StoredVerdict | undefined>((most, verdict) => (most === undefined || verdict.probability > most.probability ? verdict : most), undefined)
  }

  policyAt(programId: number, time: number): IndexedPolicy | undefined {
    return this.policies.get(programId)?.findLast((version) => version.effectiveFrom <= time)
  }

  addAccount(externalId: string, account: number): void {
    this.#accountByName.set(externalId, account)
  }

  addIdentifier(id: number, kind: string, hash: Uint8Array, flags: number): void {
    this.#identifiers.set(id, { kind, flags })
    this.#identifierByHash.set(hashKey(kind, hash), id)
  }

  addObservation(account: number, identifier: number, transactionId: bigint): void {
    const own = this.#identifiersOf.get(account)
    const known = own?.includes(identifier) === true
    if (!known) {
      if (own === undefined) this.#identifiersOf.set(account, [identifier])
      else own.push(identifier)
      const holders = this.#holdersOf.get(identifier)
      if (holders === undefined) this.#holdersOf.set(identifier, [account])
      else holders.push(account)
    }
    this.#noteFreshness(account, identifier, transactionId, known)
  }

  addReferral(inviter: number, invitee: number): void {
    const invitees = this.#inviteesOf.get(inviter)
    if (invitees === undefined) this.#inviteesOf.set(inviter, new Set([invitee]))
    else invitees.add(invitee)
  }

  /** Takes what a newer scan found; links that it saw are fresh no more. */
  replaceFindings(findings: ScanFindings): void {
    this.findings = findings
    for (const [account, links] of this.#fresh) {
      for (const [identifier, transactionId] of links) if (findings.scan.hasSeen(transactionId)) links.delete(identifier)
      if (links.size === 0) this.#fresh.delete(account)
    }
  }

  /** The earliest transaction that brought a link decides whether the scan saw it. */
  #noteFreshness(account: number, identifier: number, transactionId: bigint, known: boolean): void {
    const links = this.#fresh.get(account)
    const isSeen = this.findings !== null && this.findings.scan.hasSeen(transactionId)
    if (isSeen) {
      links?.delete(identifier)
      return
    }
    const earlier = links?.get(identifier)
    if (known && earlier === undefined) return
    if (earlier !== undefined && earlier <= transactionId) return
    if (links === undefined) this.#fresh.set(account, new Map([[identifier, transactionId]]))
    else links.set(identifier, transactionId)
  }
}

export function pairKey(inviter: number, invitee: number): string {
  return `${inviter}>${invitee}`
}

function hashKey(kind: string, hash: Uint8Array): string {
  return `${kind} ${Buffer.from(hash).toString('latin1')}`
}
