/** All parts, the quick ones first. */
import { faults } from './faults.ts'
import { listings } from './listings.ts'
import type { Part } from './part.ts'
import { saves } from './saves.ts'
import { soak } from './soak.ts'

export const PARTS: readonly Part[] = [listings, saves, soak, faults]
