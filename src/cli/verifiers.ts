// The rules of `verify` that the ledger may not know, handed to it by those who may know everything.

import type { Verifier } from '../ledger/index.ts'
import { decisionVerifier } from '../review/index.ts'
import { closedPeriodsVerifier } from '../statements/index.ts'

export const MORE_VERIFIERS: readonly Verifier[] = [decisionVerifier, closedPeriodsVerifier]
