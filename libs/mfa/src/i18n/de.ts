import type { MfaLocaleTexts } from './locale-texts.js';
import { GERMAN_PAGES } from './page-texts-de.js';

/** German, formal address. */
export const GERMAN: MfaLocaleTexts = Object.freeze({
  locale: 'de',
  errors: Object.freeze({
    invalid_request: 'Die Anfrage ist ungültig.',
    incorrect_code: 'Falscher Code.',
    webauthn_failed: 'Der Sicherheitsschlüssel oder Passkey konnte nicht geprüft werden.',
    unauthenticated: 'Sie sind nicht angemeldet.',
    session_expired: 'Ihre Sitzung ist beendet. Melden Sie sich erneut an.',
    mfa_required: 'Bestätigen Sie mit Ihrem zweiten Faktor.',
    reauthentication_required: 'Geben Sie Ihr Passwort erneut ein, um fortzufahren.',
    mfa_enrollment_required: 'Richten Sie die Zwei-Faktor-Authentisierung ein, um fortzufahren.',
    authenticator_locked:
      'Dieser Faktor ist nach zu vielen Fehlversuchen gesperrt. Verwenden Sie einen anderen.',
    unverified_email:
      'Sie können die Zwei-Faktor-Authentisierung erst einrichten, wenn Sie Ihre E-Mail-Adresse bestätigt haben.',
    add_email_blocked:
      'Einem Konto mit Zwei-Faktor-Authentisierung können Sie keine E-Mail-Adresse hinzufügen.',
    cross_origin: 'Diese Anfrage kam von einer anderen Website.',
    not_found: 'Nicht gefunden.',
    already_enabled: 'Dieser Faktor ist bereits eingerichtet.',
    credential_already_registered: 'Dieser Sicherheitsschlüssel ist bereits registriert.',
    cannot_delete_authenticator: 'Sie können die Zwei-Faktor-Authentisierung nicht abschalten.',
    cannot_suspend_authenticator: 'Dieser Faktor kann hier nicht als verloren gemeldet werden.',
    cannot_generate_recovery_codes:
      'Ohne eingerichtete Zwei-Faktor-Authentisierung können Sie keine Wiederherstellungscodes erzeugen.',
    no_pending_setup:
      'Es gibt keine Einrichtung abzuschließen, oder sie ist abgelaufen. Beginnen Sie von vorn.',
    conflict: 'Eine andere Änderung kam zuvor, und nichts wurde geändert. Versuchen Sie es noch einmal.',
    too_many_attempts: 'Zu viele Versuche. Versuchen Sie es später erneut.',
    too_many_messages: 'Es wurden zu viele Codes angefordert. Versuchen Sie es später erneut.',
    message_not_sent:
      'Der Code konnte nicht gesendet werden. Versuchen Sie es noch einmal oder verwenden Sie einen anderen Faktor.',
    storage_unavailable: 'Der Dienst ist im Moment nicht verfügbar. Versuchen Sie es später erneut.',
  }),
  reasons: {
    backup_eligibility_changed:
      'Dieser Sicherheitsschlüssel oder Passkey hat sich seit seiner Registrierung verändert: Ob er sich auf weitere Geräte übertragen lässt, ist jetzt anders als damals. Melden Sie sich mit einem anderen Faktor an, entfernen Sie ihn von Ihrem Konto und registrieren Sie ihn erneut.',
    factor_suspended:
      'Dieser Faktor wurde als verloren gemeldet und kann nicht verwendet werden. Verwenden Sie einen anderen.',
    other_factor_needed:
      'Keiner Ihrer zweiten Faktoren kann hier verwendet werden. Richten Sie einen passenden ein.',
    key_can_be_synced:
      'Dieser Passkey lässt sich auf weitere Geräte übertragen, und hier dürfen nur Schlüssel registriert werden, die auf ihrem Gerät bleiben. Verwenden Sie einen Sicherheitsschlüssel.',
    key_cloned:
      'Dieser Sicherheitsschlüssel ist gesperrt, weil er sich verhalten hat, als gäbe es eine Kopie von ihm. Verwenden Sie einen anderen Faktor, entfernen Sie den Schlüssel von Ihrem Konto und registrieren Sie einen anderen.',
  },
  message:
    '{code} ist Ihr Code für {site}. Er gilt {minutes} Minuten. Geben Sie ihn nicht weiter: Wir werden Sie nie danach fragen. Wenn Sie ihn nicht angefordert haben, kennt vielleicht jemand Ihr Passwort.',
  notifications: {
    authenticator_added: {
      subject: '{site}: Ein zweiter Faktor wurde hinzugefügt',
      text: '„{name}“ wurde Ihrem Konto hinzugefügt und kann ab jetzt zur Anmeldung verwendet werden.',
    },
    authenticator_removed: {
      subject: '{site}: Ein zweiter Faktor wurde entfernt',
      text: '„{name}“ wurde von Ihrem Konto entfernt und kann nicht mehr zur Anmeldung verwendet werden.',
    },
    authenticator_locked: {
      subject: '{site}: Ein zweiter Faktor wurde gesperrt',
      text: '„{name}“ wurde nach zu vielen Fehlversuchen gesperrt. Möglicherweise hat jemand, der Ihr Passwort kennt, versucht, Ihre Codes zu erraten. Ihre anderen Faktoren funktionieren weiterhin.',
    },
    authenticator_unlocked: {
      subject: '{site}: Ein zweiter Faktor wurde entsperrt',
      text: '„{name}“ war gesperrt und kann wieder zur Anmeldung verwendet werden.',
    },
    authenticator_suspended: {
      subject: '{site}: Ein zweiter Faktor wurde als verloren gemeldet',
      text: '„{name}“ wurde als verloren gemeldet und kann nicht zur Anmeldung verwendet werden, bis Sie mit einem anderen Faktor bestätigen, dass er noch Ihnen gehört. Ihr Konto verlangt weiterhin einen zweiten Faktor, Sie wurden überall sonst abgemeldet, und Browser, denen Sie vertraut haben, fragen wieder. Wenn Sie das nicht gemeldet haben, kennt jemand Ihr Passwort.',
    },
    authenticator_resumed: {
      subject: '{site}: Ein zweiter Faktor kann wieder verwendet werden',
      text: '„{name}“ war als verloren gemeldet und kann wieder zur Anmeldung verwendet werden.',
    },
    authenticator_cloned: {
      subject: '{site}: Ein Sicherheitsschlüssel wurde vielleicht kopiert',
      text: 'Der Sicherheitsschlüssel „{name}“ hat sich verhalten, als gäbe es eine Kopie von ihm. Möglicherweise ist er jetzt gesperrt. Entfernen Sie ihn von Ihrem Konto und registrieren Sie einen anderen.',
    },
    authenticator_model_revoked: {
      subject: '{site}: Ein Sicherheitsschlüssel sollte ersetzt werden',
      text: 'Sicherheitsschlüssel desselben Modells wie „{name}“ gelten nicht mehr als sicher: Es ist eine Schwachstelle bekannt geworden. Der Schlüssel funktioniert weiterhin. Registrieren Sie einen anderen und entfernen Sie diesen von Ihrem Konto.',
    },
    attempts_exhausted: {
      subject: '{site}: Zu viele Fehlversuche',
      text: 'Innerhalb kurzer Zeit sind zu viele Versuche fehlgeschlagen, mit Codes, Sicherheitsschlüsseln oder Ihrem Passwort zu bestätigen, dass Sie es sind. Weitere werden eine Zeit lang abgelehnt, auch richtige. Wer sie unternommen hat, kennt Ihr Passwort oder benutzt ein Gerät, auf dem Sie angemeldet sind.',
    },
    recovery_code_used: {
      subject: '{site}: Ein Wiederherstellungscode wurde verwendet',
      text: 'Einer Ihrer Wiederherstellungscodes wurde anstelle Ihres zweiten Faktors verwendet. Verbleibende Codes: {remaining}.',
    },
    recovery_codes_low: {
      subject: '{site}: Nur noch wenige Wiederherstellungscodes',
      text: 'Verbleibende Wiederherstellungscodes: {remaining}. Erzeugen Sie neue und bewahren Sie sie sicher auf.',
    },
    recovery_codes_regenerated: {
      subject: '{site}: Neue Wiederherstellungscodes wurden erzeugt',
      text: 'Für Ihr Konto wurden neue Wiederherstellungscodes erzeugt. Die bisherigen gelten nicht mehr.',
    },
    trusted_device_added: {
      subject: '{site}: Ein Browser gilt jetzt als vertrauenswürdig',
      text: 'Ein Browser wurde als vertrauenswürdig gekennzeichnet. Er fragt bei der Anmeldung eine Zeit lang nicht nach Ihrem zweiten Faktor.',
    },
    trusted_device_reused: {
      subject: '{site}: Ein vertrauenswürdiger Browser wurde vielleicht kopiert',
      text: 'Zwei Browser haben das Token eines Browsers vorgewiesen, dem Sie vertrauen; wahrscheinlich hat es jemand kopiert. Dieser Browser gilt nicht mehr als vertrauenswürdig, und die Sitzungen, die er begonnen hat, sind abgemeldet. Wer die Kopie verwendet hat, kannte auch Ihr Passwort.',
    },
    trusted_device_copied: {
      subject: '{site}: Das Token eines vertrauenswürdigen Browsers wurde anderswo verwendet',
      text: 'Ein Browser anderer Art hat das Token eines Browsers vorgewiesen, dem Sie vertrauen; wahrscheinlich hat es jemand kopiert. Er wurde nach Ihrem zweiten Faktor gefragt. Wer ihn verwendet hat, kannte Ihr Passwort.',
    },
    new_sign_in: {
      subject: '{site}: Neue Anmeldung',
      text: 'Bei Ihrem Konto hat sich jemand mit einem Browser angemeldet, der dafür noch nie oder lange nicht verwendet wurde. Auch ein privates Fenster und ein Browser, dessen Cookies gelöscht wurden, gelten als neu. Wenn Sie es selbst waren, brauchen Sie nichts zu tun.',
    },
    admin_reset: {
      subject: '{site}: Ihre zweiten Faktoren wurden zurückgesetzt',
      text: 'Ein Administrator hat zweite Faktoren von Ihrem Konto entfernt. Bei der nächsten Anmeldung müssen Sie möglicherweise einen neuen einrichten.',
    },
    enrollment_demanded: {
      subject: '{site}: Ihr Konto braucht einen zweiten Faktor',
      text: 'Ein Administrator verlangt für Ihr Konto einen zweiten Faktor. Ab {from} geht es ohne ihn nicht weiter. Richten Sie ihn bei der nächsten Anmeldung ein.',
    },
  },
  details: {
    time: 'Zeitpunkt: {time}',
    ip: 'IP-Adresse: {ip}',
    userAgent: 'Mit dem Browser: {userAgent}',
    repudiation:
      'Waren Sie das nicht? Ändern Sie sofort Ihr Passwort, prüfen Sie die zweiten Faktoren Ihres Kontos und benachrichtigen Sie die Betreiber von {site}.',
  },
  pages: GERMAN_PAGES,
});
