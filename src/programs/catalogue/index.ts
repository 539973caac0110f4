// Programmes whose published rules are known, as versions that `programs add` publishes.

import type { NewProgram } from '../../policies/index.ts'
import { apiMarket } from './api-market.ts'
import { apiyi } from './apiyi.ts'
import { chatApi } from './chat-api.ts'

export const catalogue: readonly NewProgram[] = [apiyi, apiMarket, chatApi]
