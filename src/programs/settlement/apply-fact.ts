// What one new fact means, worked out on the sheet: for the main balance, for what it earns, and for what waited for it.

import type { Attributed } from '../attribution/attribution.ts'
import { isAboutAnOriginal, isMoney } from './event-facts.ts'
import type { SheetEvent } from './document.ts'
import { earn, type SheetRecording } from './earning.ts'
import { settleMainBalance } from './main-balance.ts'
import { reverseAndHold } from './reversing.ts'
import type { Sheet } from './sheet.ts'

export async function applyFact(sheet: Sheet, recording: SheetRecording, event: SheetEvent, attributed: readonly Attributed[]): Promise<void> {
  const { actorId } = recording
  if (isMoney(event.type)) {
    for (const { event: waiting, waitsFor } of sheet.waits.values()) {
      if (waitsFor === 'original' && waiting.originalKey === event.key && waiting.accountId === event.accountId) sheet.endWait(waiting)
    }
    settleMainBalance(sheet, actorId, event, null)
    await settle(sheet, recording, event, { cause: event, mayEarn: true })
  } else if (isAboutAnOriginal(event.type)) {
    const original = event.originalKey === null ? undefined : sheet.eventOfKey(event.originalKey)
    if (original === undefined) return sheet.wait(event, 'original')
    settleMainBalance(sheet, actorId, event, original)
    // What an original earns, it earned when it came: a refund of imported history must not make it earn.
    await settle(sheet, recording, original, { cause: event, mayEarn: false })
  } else if (attributed.some((each) => each.referralId !== null)) {
    // What was reported before its account's sign-up earns now.
    for (const earlier of sheet.earlierPayments(event.accountId, event.occurredAt)) await settle(sheet, recording, earlier, { cause: event, mayEarn: true })
  }
}

/** `cause` is the event that led here; `mayEarn`: what the event earns and did not get yet is made now. */
export async function settle(sheet: Sheet, recording: SheetRecording, event: SheetEvent, { cause, mayEarn }: { cause: SheetEvent; mayEarn: boolean }): Promise<void> {
  if (mayEarn) await earn(sheet, recording, event)
  reverseAndHold(sheet, recording.actorId, event, cause)
}
