/** The route that tells which routes there are. */
import { openApi } from '../openapi.ts'
import { type Route, route } from '../route.ts'

/** Everybody who has a key is told, as the document is no secret: it says what there is, and nothing of who has it. */
export const openApiRoute = (routes: () => readonly Route[]): Route =>
  route({
    name: 'GetOpenApi',
    method: 'GET',
    path: '/openapi.json',
    summary: 'These routes as OpenAPI says them; everybody may see them',
    fields: {},
    scope: () => ({ of: 'caller', reads: true }),
    resource: () => 'openapi',
    run: () => Promise.resolve({ data: openApi(routes()) }),
  })
