/** Signals that a client may name, with Linux's numbers: signal(7) */
export const SIGNAL_NUMBERS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGWINCH: 28,
} as const

export type SignalName = keyof typeof SIGNAL_NUMBERS

export const SIGNAL_NAMES = Object.keys(SIGNAL_NUMBERS) as SignalName[]

export const SIGNAL_NUMBER_MAX = 64
