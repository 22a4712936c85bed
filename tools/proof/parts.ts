/** All parts, the quick ones first. */
import { attributions } from './attributions.ts'
import { deliveries } from './deliveries.ts'
import { faults } from './faults.ts'
import { hostile } from './hostile.ts'
import { ids } from './ids.ts'
import { latency } from './latency.ts'
import { listings } from './listings.ts'
import type { Part } from './part.ts'
import { resumes } from './resumes.ts'
import { saves } from './saves.ts'
import { screens } from './screens.ts'
import { soak } from './soak.ts'
import { starts } from './starts.ts'

export const PARTS: readonly Part[] = [
  screens,
  listings,
  attributions,
  hostile,
  saves,
  starts,
  ids,
  deliveries,
  latency,
  soak,
  resumes,
  faults,
]
