/** Whether a host name or address is this machine alone; brackets around IPv6 may be there. */
export function isLoopback(host: string): boolean {
  return /^(?:(?:.+\.)?localhost\.?|127\.\d+\.\d+\.\d+|\[?::1\]?)$/i.test(host)
}
