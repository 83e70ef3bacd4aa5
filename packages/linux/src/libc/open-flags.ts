/** Open flags Node's constants lack; <fcntl.h>, the same for sockets, eventfd and userfaultfd */
export const O_CLOEXEC = 0o2000000
export const O_NONBLOCK = 0o4000
