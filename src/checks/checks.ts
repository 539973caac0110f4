// The pre-credit check: allow, hold or deny, from memory, within a deadline, for hosts and for our own crediting alike.
// Promises: errors and delays lead to hold and say what was missing; a repeated request key gets the same bytes; every answer becomes a record.

import { setTimeout as delay } from 'node:timers/promises'
import type { IdentifierLists } from '../../scoring/identifiers/index.ts'
import { generalModel } from '../../scoring/model/general.ts'
import type { Model } from '../../scoring/model/model.ts'
import type { Clock } from '../base/clock.ts'
import type { Database, Transaction } from '../base/database.ts'
import { canonicalJson, digestOf } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import type { Log } from '../base/log.ts'
import { IdentifierDoor } from '../population/index.ts'
import { composeAnswer, recordOf, type Subject } from './answers.ts'
import { CheckIndex } from './check-index.ts'
import { type CheckRow, createCheckRecords, type StoredRequest, WAITING_MAX, writeChecks } from './check-records.ts'
import { type TokenResult, verifyCheck } from './check-token.ts'
import { judge, type Judgement, type LocalPrecision } from './judgement.ts'
import { type LookedUpAccount, lookUpAccounts } from './look-up.ts'
import { hashObservations, parseAmount, type SeenIdentifier, sidesOf, storedRequest } from './question.ts'
import { type AwaitedCheck, readAwaited } from './recheck.ts'
import { createRefreshing, type Refreshing } from './refreshing.ts'
import { Replays, requestKeyOf } from './replays.ts'
import type { CheckAnswer, CheckRequest, Missing } from './request.ts'
import { createRescoring } from './rescoring.ts'

export interface ChecksOptions {
  readonly database: Database
  readonly keys: KeyRing
  readonly clock: Clock
  readonly log?: Log | undefined
  /** The model whose steps weigh what is new since the scan. */
  readonly model?: Model | undefined
  readonly lists?: IdentifierLists | undefined
  /** Null keeps the gate for denying shut. */
  readonly localPrecision?: LocalPrecision | null
  /** Where the policy names none; shorter than the caller's own. */
  readonly deadlineMilliseconds?: number
  /** Age of the index beyond which an answer is degraded. */
  readonly staleSeconds?: number
  readonly refreshMilliseconds?: number
  readonly flushMilliseconds?: number
  readonly tokenSeconds?: number
  /** Told of every answer, for metrics. */
  readonly onAnswer?: (answer: CheckAnswer) => void
  /** Told in the transaction that records the real answer of a hold that had to wait for it. */
  readonly onResolved?: (transaction: Transaction, resolved: ResolvedCheck) => Promise<void>
}

export interface ResolvedCheck {
  readonly previousId: string
  readonly answer: CheckAnswer
  readonly request: StoredRequest
}

export interface Caller {
  readonly actorId: bigint
  /** The same key and request get the same answer. */
  readonly requestKey?: string | undefined
  /** Only this program may be asked about. */
  readonly programId?: bigint | null | undefined
  /** Reads through it and records in it: for a credit whose facts are not committed yet. */
  readonly transaction?: Transaction | undefined
  /** The same for many credits at once: accounts are looked up together, and the records go out with the credits. */
  readonly batch?: CreditBatch | undefined
}

export interface CreditBatch {
  lookUp(externalIds: readonly string[]): Promise<ReadonlyMap<string, LookedUpAccount>>
  record(row: CheckRow): void
}

export type CheckRefusal = 'unknown_program' | 'unknown_asset' | 'bad_amount' | 'bad_observation' | 'key_reused'
export type CheckOutcome =
  | { readonly ok: true; readonly answer: CheckAnswer; readonly text: string; readonly replayed: boolean }
  | { readonly ok: false; readonly reason: CheckRefusal; readonly detail: string }

export interface ChecksState {
  readonly isLoaded: boolean
  readonly position: string
  readonly staleSeconds: number
  readonly scanId: string | null
  readonly recordsWaiting: number
}

export interface Checks {
  /** Loads the index and keeps it fresh until `stop`. */
  start(): Promise<void>
  stop(): Promise<void>
  evaluate(request: CheckRequest, caller: Caller): Promise<CheckOutcome>
  /** Brings the index up to date now. */
  refresh(): Promise<void>
  /** Writes the records that wait. */
  flush(): Promise<void>
  /** Answers what was degraded or not yet seen anew; the number that got a real answer. */
  recheck(): Promise<number>
  verify(token: string): TokenResult
  state(): ChecksState
}

interface Asked {
  readonly request: CheckRequest
  readonly caller: Caller
  readonly requestKey: Uint8Array<ArrayBuffer> | null
  readonly requestDigest: Uint8Array<ArrayBuffer>
}

interface Prepared {
  readonly missing: Set<Missing>
  readonly found: Map<string, LookedUpAccount>
}

const POSITION_POLL_MILLISECONDS = 20
const RECHECK_SECONDS = 5

export function createChecks(options: ChecksOptions): Checks {
  const { database, keys, clock, log, deadlineMilliseconds = 150, staleSeconds = 60, tokenSeconds = 3600 } = options
  const index = new CheckIndex()
  const rescoring = createRescoring(options.model ?? generalModel)
  const door = new IdentifierDoor(keys, options.lists?.version)
  const records = createCheckRecords(database, log, options.flushMilliseconds ?? 50)
  const replays = new Replays(database)
  const refreshing: Refreshing = createRefreshing({ index, database, clock, log, milliseconds: options.refreshMilliseconds ?? 500, onTick })
  const inFlight = new Map<string, { requestDigest: Uint8Array; outcome: Promise<CheckOutcome> }>()
  let recheckedAt = -Infinity

  async function evaluate(request: CheckRequest, caller: Caller): Promise<CheckOutcome> {
    const requestDigest = new Uint8Array(digestOf(canonicalJson(request)))
    if (caller.requestKey === undefined) return answerAnew({ request, caller, requestKey: null, requestDigest })
    const requestKey = requestKeyOf(caller.actorId, caller.requestKey)
    const name = Buffer.from(requestKey).toString('latin1')
    const twin = inFlight.get(name)
    if (twin !== undefined) return Buffer.from(requestDigest).equals(twin.requestDigest) ? asReplay(await twin.outcome) : keyReused
    const outcome = answerOnce({ request, caller, requestKey, requestDigest })
    inFlight.set(name, { requestDigest, outcome })
    try {
      return await outcome
    } finally {
      inFlight.delete(name)
    }
  }

  async function answerOnce(asked: Asked & { requestKey: Uint8Array<ArrayBuffer> }): Promise<CheckOutcome> {
    const known = await replays.find(asked.requestKey)
    if (known === undefined) {
      const outcome = await answerAnew(asked)
      if (outcome.ok) replays.remember(asked.requestKey, { requestDigest: asked.requestDigest, text: outcome.text })
      return outcome
    }
    if (!Buffer.from(known.requestDigest).equals(asked.requestDigest)) return keyReused
    return { ok: true, answer: JSON.parse(known.text) as CheckAnswer, text: known.text, replayed: true }
  }

  async function answerAnew(asked: Asked): Promise<CheckOutcome> {
    const { request, caller } = asked
    const seen = hashObservations(door, request, options.lists)
    if (!seen.ok) return refused('bad_observation', `Observation ${seen.place} is refused: ${seen.reason}.`)
    const prepared = needsNothing(request) ? { missing: new Set<Missing>(), found: new Map<string, LookedUpAccount>() } : await prepare(request, caller)
    const programId = index.programs.get(request.program)
    if (refreshing.isLoaded()) {
      if (programId === undefined || (caller.programId !== undefined && caller.programId !== null && caller.programId !== BigInt(programId))) return refused('unknown_program', 'There is no such program.')
      if (!index.assets.has(request.asset)) return refused('unknown_asset', 'There is no such asset.')
    }
    const amount = parseAmount(request.amount, index.assets.get(request.asset) ?? 6)
    if (!amount.ok) return refused('bad_amount', `The amount is refused: ${amount.reason}.`)
    if (records.waiting >= WAITING_MAX) prepared.missing.add('check_log')
    const stored = storedRequest(request, seen.identifiers)
    const { composed, row } = conclude(stored, seen.identifiers, prepared, { amount: amount.amount, requestKey: asked.requestKey, requestDigest: asked.requestDigest, supersedes: null, actorId: caller.actorId })
    if (row !== undefined) {
      if (caller.batch !== undefined) caller.batch.record(row)
      else if (caller.transaction === undefined) records.add(row)
      else await writeChecks(caller.transaction, [row])
    }
    options.onAnswer?.(composed.answer)
    return { ok: true, answer: composed.answer, text: composed.text, replayed: false }
  }

  /** From here on nothing waits. Without a known program there is an answer, but nothing that a record could belong to. */
  function conclude(
    stored: StoredRequest, seen: readonly SeenIdentifier[], prepared: Prepared,
    known: { amount: bigint; requestKey: Uint8Array<ArrayBuffer> | null; requestDigest: Uint8Array<ArrayBuffer>; supersedes: string | null; actorId: bigint },
  ) {
    const subject: Subject = stored
    const programId = index.programs.get(stored.program)
    const at = clock.now().getTime()
    const policy = programId === undefined ? undefined : index.policyAt(programId, at)
    const missing = new Set(prepared.missing)
    if (refreshing.isLoaded() && index.findings === null) missing.add('scan')
    const sides = sidesOf(index, stored, seen, prepared.found)
    const question = { programId: programId ?? -1, subject: stored.subject, ...sides, missing: [...missing], policy, at }
    const judgement = judgeSafely(question)
    const composed = composeAnswer({ keys, clock, index, rescoring, tokenSeconds, subject, programId, policy, judgement })
    const row = programId === undefined ? undefined : recordOf({ composed, subject, programId, policy, judgement, sides, request: stored, ...known })
    return { composed, row, judgement }
  }

  function judgeSafely(question: Parameters<typeof judge>[3]): Judgement {
    try {
      return judge(index, rescoring, options.localPrecision ?? null, question)
    } catch (error) {
      log?.error({ error: error instanceof Error ? error.message : 'unknown' }, 'a check failed')
      return judge(index, rescoring, null, { ...question, missing: ['evaluation'] })
    }
  }

  function needsNothing(request: CheckRequest): boolean {
    return refreshing.isLoaded() && refreshing.staleSeconds() <= staleSeconds && hasPosition(request)
      && index.programs.has(request.program) && index.assets.has(request.asset) && unknownAccounts(request).length === 0
  }

  function hasPosition({ at_least: atLeast }: CheckRequest): boolean {
    return atLeast === undefined || index.position > BigInt(atLeast)
  }

  function unknownAccounts({ inviter, invitee }: { inviter: string; invitee?: string | null | undefined }): string[] {
    return [inviter, invitee].filter((name): name is string => name !== undefined && name !== null && index.account(name) === undefined)
  }

  /** Waits for what is missing, at most until the deadline; whatever is missing then is said. */
  async function prepare(request: CheckRequest, caller: Caller): Promise<Prepared> {
    const missing = new Set<Missing>()
    const found = new Map<string, LookedUpAccount>()
    if (!refreshing.isLoaded()) missing.add('index')
    else if (refreshing.staleSeconds() > staleSeconds) missing.add('fresh_index')
    if (!hasPosition(request)) missing.add('position')
    if (unknownAccounts(request).length > 0) missing.add('account_lookup')
    const ended = new AbortController()
    const work = async (): Promise<void> => {
      if (missing.has('index') || missing.has('fresh_index') || !index.programs.has(request.program) || !index.assets.has(request.asset)) await refreshing.refresh()
      missing.delete('index')
      missing.delete('fresh_index')
      while (!hasPosition(request) && !ended.signal.aborted) {
        await refreshing.refresh()
        if (!hasPosition(request)) await delay(POSITION_POLL_MILLISECONDS)
      }
      if (hasPosition(request)) missing.delete('position')
      const unknown = unknownAccounts(request)
      if (unknown.length > 0) for (const [name, account] of await (caller.batch?.lookUp(unknown) ?? lookUpAccounts(caller.transaction ?? database.prisma, unknown))) found.set(name, account)
      missing.delete('account_lookup')
    }
    const failed = await Promise.race([
      work().then(() => false, () => true),
      delay(deadlineOf(request), true, { signal: ended.signal, ref: false }).catch(() => true),
    ])
    ended.abort()
    if (failed && missing.size === 0) missing.add('time')
    return { missing: new Set(missing), found }
  }

  function deadlineOf(request: CheckRequest): number {
    const programId = index.programs.get(request.program)
    const policy = programId === undefined ? undefined : index.policyAt(programId, clock.now().getTime())
    return policy?.policy.deadlineMilliseconds ?? deadlineMilliseconds
  }

  async function onTick(): Promise<void> {
    const now = clock.now().getTime()
    if (now - recheckedAt < RECHECK_SECONDS * 1000) return
    recheckedAt = now
    await recheck()
  }

  async function recheck(): Promise<number> {
    let resolved = 0
    for await (const page of readAwaited(database)) {
      for (const awaited of page) if (await answerAwaited(awaited)) resolved++
    }
    return resolved
  }

  async function answerAwaited({ id, actorId, amount, request, requestDigest }: AwaitedCheck): Promise<boolean> {
    const seen = request.identifiers.map((each) => ({ ...each, hash: Buffer.from(each.hash, 'hex') }))
    const found = await lookUpAccounts(database.prisma, unknownAccounts(request))
    const known = { amount, requestKey: null, requestDigest, supersedes: id, actorId }
    const { composed, row, judgement } = conclude(request, seen, { missing: new Set(), found }, known)
    if (row === undefined || judgement.awaits !== null) return false
    const isWritten = await database.inTransaction(async (transaction) => {
      const written = await writeChecks(transaction, [row])
      if (written.size > 0) await options.onResolved?.(transaction, { previousId: id, answer: composed.answer, request })
      return written.size > 0
    })
    if (isWritten) options.onAnswer?.(composed.answer)
    return isWritten
  }

  return {
    async start() {
      await refreshing.refresh()
      await replays.load(clock.now())
      refreshing.start()
    },
    async stop() {
      await refreshing.stop()
      await records.stop()
    },
    evaluate,
    refresh: () => refreshing.refresh(),
    flush: () => records.flush(),
    recheck,
    verify: (token) => verifyCheck(keys, clock, token),
    state: () => ({
      isLoaded: refreshing.isLoaded(), position: index.position.toString(), staleSeconds: refreshing.staleSeconds(),
      scanId: index.findings?.scan.id.toString() ?? null, recordsWaiting: records.waiting,
    }),
  }
}

const keyReused: CheckOutcome = { ok: false, reason: 'key_reused', detail: 'This key was used with another request.' }

function refused(reason: CheckRefusal, detail: string): CheckOutcome {
  return { ok: false, reason, detail }
}

function asReplay(outcome: CheckOutcome): CheckOutcome {
  return outcome.ok ? { ...outcome, replayed: true } : outcome
}
