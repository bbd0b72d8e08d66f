/** The guard for Nest, on Express or on Fastify. */
import { createParamDecorator, SetMetadata } from '@nestjs/common'
import type { Auth, GuardOptions } from '../auth/index.js'
import { LatchkeyError } from '../errors.js'
import { getCurrentUser } from './current-user.js'
import { type FastifyGuardReply, guard as fastifyGuard } from './fastify.js'
import { currentUser, mount, type NodeResponse, guard as nodeGuard } from './node.js'

export { currentUser, mount }

/** The few members of an `ExecutionContext` that are used. */
export interface NestContext {
  getType(): string
  getHandler(): object
  getClass(): object
  switchToHttp(): { getRequest(): unknown; getResponse(): unknown }
}

export interface NestGuard {
  canActivate(context: NestContext): boolean | Promise<boolean>
}

/**
 * Guards a route, a controller, or by `app.useGlobalGuards` all routes: all of `scopes` are needed.
 *
 *     @UseGuards(guard(auth, 'order:read'))
 *     @Get('orders')
 *     list(@CurrentUser() user: User) { return { for: user.uid } }
 *
 * It writes a refusal itself, to the same bytes as in every framework: no exception filter sees it.
 *
 * @throws TypeError for a scope that is not defined, a pattern, or an unknown option.
 */
export function guard<Scope extends string>(auth: Auth<Scope>, ...scopes: NoInfer<Scope>[]): NestGuard
export function guard<Scope extends string>(auth: Auth<Scope>, options: GuardOptions<NoInfer<Scope>>): NestGuard
export function guard<Scope extends string>(auth: Auth<Scope>, ...args: Scope[]): NestGuard {
  const onExpress = nodeGuard(auth, ...args)
  const onFastify = fastifyGuard(auth, ...args)
  return {
    canActivate(context) {
      if (context.getType() !== 'http') {
        throw new LatchkeyError('server_error', { detail: 'This guard reads HTTP requests, and no other messages' })
      }
      if (isLifted(this, context)) return true
      const http = context.switchToHttp()
      const [request, response] = [http.getRequest() as never, http.getResponse() as object]
      let passes = false
      if ('raw' in response) {
        onFastify(request, response as object as FastifyGuardReply, () => {
          passes = true
        })
      } else passes = onExpress(request, response as NodeResponse)
      // It is answered, and nothing goes on, as behind middleware that does not call `next`. After `false` Nest would throw
      // an exception, and filters would answer once more.
      return passes || new Promise(() => {})
    },
  }
}

const publicKey = 'latchkey:public'

/** Opens a route or a controller to requests without a token, where a guard stands around it: the global one or its controller's. */
export function Public(): ClassDecorator & MethodDecorator {
  return SetMetadata(publicKey, true)
}

/** Whether `@Public()` stands nearer to the handler than the guard does. */
function isLifted(guard: NestGuard, context: NestContext): boolean {
  const { getMetadata } = Reflect as unknown as { getMetadata(key: string, target: object): unknown }
  for (const target of [context.getHandler(), context.getClass()]) {
    // Where `UseGuards` leaves them.
    if ((getMetadata('__guards__', target) as readonly unknown[] | undefined)?.includes(guard)) return false
    if (getMetadata(publicKey, target)) return true
  }
  return false
}

/**
 * The user that a guard let through, as a parameter of a handler; undefined behind an optional guard, when the request is anonymous.
 * @throws LatchkeyError `server_error` when no guard ran.
 */
export const CurrentUser: () => ParameterDecorator = createParamDecorator((_, context: NestContext) => {
  const request = context.switchToHttp().getRequest() as { user?: unknown }
  const isAnonymous = Object.hasOwn(request, 'user') && request.user === undefined
  return isAnonymous ? undefined : getCurrentUser(request)
})
