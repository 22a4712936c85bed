import { END, LINE, mark, within } from './marks.ts'
import type { ScreenMark } from './types.ts'

const SEEN = 'Claude Code 2.1.197, captured'
const SEEN_LATER = 'Claude Code 2.1.329, seen'
const READ = 'Claude Code 2.1.329, read in the program'

// A dialog takes the place of the input box, so its last line is the screen's last; the same words in a conversation have
// the box and its footer below them.
const RULE = `─{8}${LINE}`
const NO_RULE = `(?!─{8})${LINE}`
/** No rule, so no input box, from here to the end. */
const toDialogEnd = (lines: number) => `${LINE}(?:\\n${NO_RULE}){0,${lines}}${END}`
/** The input box at the bottom: a rule, the prompt (`!` for a shell command) with a draft or without, a rule, a footer. */
const BOX = `^${RULE}\\n[❯!]${LINE}\\n(?:${NO_RULE}\\n){0,80}${RULE}(?:\\n${NO_RULE}){0,6}${END}`
/** From the last message to the box come only its own further lines, the done line, blanks. */
const LAST_MESSAGE = `${LINE}\\n(?:(?:|[ ⎿]${LINE}|[·✢✳✶✻✽*] ${LINE} for ${LINE})\\n){0,100}?${BOX}`
/** Nothing newer than this line: neither an answer (●) nor a prompt (❯) begins at the margin below it. */
const NOTHING_NEWER = `${LINE}\\n(?:(?![●⏺❯])${LINE}\\n){0,80}?${BOX}`

export const claudeScreen: ScreenMark[] = [
  mark(
    'waiting',
    'trust',
    `(?:Quick safety check:|Do you trust the files in this folder\\?)${within(30)}Enter to confirm${toDialogEnd(1)}`,
    SEEN,
  ),
  mark('waiting', 'bypass permissions', `Bypass Permissions mode${within(30)}Yes, I accept${toDialogEnd(6)}`, READ),
  mark(
    'waiting',
    'permission prompt',
    `(?:Do you want |Would you like )${within(8)}❯ ?\\d+\\. ${within(14)}Esc to cancel${toDialogEnd(2)}`,
    SEEN,
  ),
  mark(
    'limited',
    'usage limit',
    `What do you want to do\\?${within(4)}Stop and wait for limit to reset${toDialogEnd(8)}`,
    READ,
  ),
  mark('waiting', 'login', `^ *Select login method:${toDialogEnd(14)}`, READ),
  mark(
    'waiting',
    'dialog open',
    `^ *❯ ?\\d+\\. ${within(14)}(?:Esc to cancel|Enter to confirm|Enter to select)${toDialogEnd(2)}`,
    SEEN_LATER,
  ),
  mark('working', undefined, `^${RULE}\\n(?:${NO_RULE}\\n){0,5}?${NO_RULE}esc to interrupt${toDialogEnd(5)}`, SEEN),
  mark('working', undefined, `^[·✢✳✶✻✽*] \\S${LINE}…${NOTHING_NEWER}`, SEEN),
  mark(
    'limited',
    'usage limit',
    `^[●⏺ ⎿]*(?:You[’']ve (?:hit|reached) your |You[’']re out of |Your org is out of usage)${LAST_MESSAGE}`,
    READ,
  ),
  mark('limited', 'rate_limit', `^[●⏺] API Error: Request rejected \\(429\\)${LAST_MESSAGE}`, SEEN),
  mark(
    'waiting',
    'login',
    `^[●⏺ ⎿]*(?:Not logged in|Login expired|OAuth token revoked) · Please run /login${LAST_MESSAGE}`,
    SEEN_LATER,
  ),
  mark('idle', undefined, BOX, SEEN),
]
