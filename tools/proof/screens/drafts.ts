/** What people type and do not send, and what agents say: also the very words that states are told by. */
import { pick, type Random } from '../texts.ts'

const WORDS = [
  'fix the test that fails',
  'Do you want to proceed?',
  '1. Yes',
  '❯ 1. Yes',
  "You've hit your limit",
  'API Error: Request rejected (429)',
  'README.md',
  '日本語で答えて',
  'grüße 😀',
]
/** Only Claude Code's are told from the same words in a conversation: elsewhere they pass for work, never for rest. */
const STATUS_LINES = [
  'esc to interrupt',
  'press esc to interrupt and tell me',
  '› 1. Trust and continue',
  'Allow execution of: make',
  '(esc to cancel, 5s)',
  '• Working (4s • esc to interrupt)',
  '✶ Moonwalking…',
  '? for shortcuts',
  'Type your message or @path/to/file',
  'ctrl+p commands',
  'Enter to confirm · Esc to cancel',
  '─'.repeat(30),
  '>',
  '❯',
  '›',
]

const wordsFor = (cli: string) => (cli === 'claude' ? [...WORDS, ...STATUS_LINES] : WORDS)

export function draftOf(random: Random, cli: string): string {
  const words = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(random, wordsFor(cli)))
  return words.join(random() < 0.2 ? '\n' : ' ')
}

/** Something said in the conversation: it stands above the input line, and tells nothing of now. */
export function talkOf(random: Random, cli: string): string {
  const words = Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(random, wordsFor(cli)))
  return words.join(random() < 0.5 ? '\n' : ' ')
}
