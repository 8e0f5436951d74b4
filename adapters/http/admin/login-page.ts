import { html } from 'hono/html'
import type { Html } from '../dashboard/format.ts'

/** The page where an administrator logs in. `message` says why it did not work the time before; null the first time. */
export const loginPage = (token: string, message: string | null): Html => html`<div class="prose">
<p class="lead">These pages are for the pool’s operator. Everything else can be read without a login.</p>
<form method="post" action="/admin/login" class="login">
<input type="hidden" name="token" value="${token}">
<p class="field"><label for="password">Password</label><input type="password" id="password" name="password" autocomplete="current-password" required maxlength="1024"${message === null ? '' : html` aria-invalid="true" aria-describedby="password-error"`}>${message === null ? '' : html`<span class="wrong" id="password-error">${message}</span>`}</p>
<p><button type="submit">Log in</button></p>
</form>
</div>`
