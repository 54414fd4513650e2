"""What Django and allauth say in clumsy or wrong Russian. Named here, it is gathered with what the
site itself says, and the site's catalogue comes before theirs.

Nothing reads this file but `facesite.extraction`, and a test that the packages still say all this.
"""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

DJANGO: Final = (
    _("%(name)s with ID “%(key)s” doesn’t exist. Perhaps it was deleted?"),
    _("Add %(name)s"),
    _("Add %s"),
    _("Change %s"),
    _("Change my password"),
    _("Change password: %s"),
    _("Delete multiple objects"),
    _("Delete selected %(verbose_name_plural)s"),
    _("Enter a new password for the user <strong>%(username)s</strong>."),
    _("Home"),
    _("Items must be selected in order to perform actions on them. No items have been changed."),
    _("No, take me back"),
    _("Save and add another"),
    _("Select all objects on this page for an action"),
    _("Select this object for an action - {}"),
    _("Skip to main content"),
    _("Successfully deleted %(count)d %(items)s."),
    _("The %(name)s “%(obj)s” was deleted successfully."),
    _("The two password fields didn’t match."),
    _("The {name} “{obj}” was added successfully."),
    _("The {name} “{obj}” was added successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully."),
    _("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully. You may edit it again below."),
    _("This password is too common."),
    _("View %s"),
    _("Yes, I’m sure"),
    _("You may edit it again below."),
    _("Your password can’t be a commonly used password."),
    _("active"),
    _("email address"),
    _("superuser status"),
    _("Designates that this user has all permissions without explicitly assigning them."),
    _(
        "Designates whether this user should be treated as active. "
        "Unselect this instead of deleting accounts."
    ),
    _(
        'Are you sure you want to delete the %(object_name)s "%(escaped_object)s"? '
        "All of the following related items will be deleted:"
    ),
    _(
        "Are you sure you want to delete the selected %(objects_name)s? "
        "All of the following objects and their related items will be deleted:"
    ),
)

ALLAUTH: Final = (
    _("A new set of Two-Factor Authentication recovery codes has been generated."),
    _("A user is already registered with this email address."),
    _("Account Already Exists"),
    _("Authenticator App Activated"),
    _("Authenticator App Deactivated"),
    _("Authenticator app activated."),
    _("Authenticator app deactivated."),
    _("Cancel Change"),
    _("Change Email"),
    _("Change to"),
    _("Changing to"),
    _("Confirm Email Address"),
    _("Confirmation email sent to %(email)s."),
    _("Current email"),
    _("Email"),
    _("Email (optional)"),
    _("Email Address"),
    _("Email Changed"),
    _("Email Confirmation"),
    _("Email Removed"),
    _("Email address"),
    _("Email address %(deleted_email)s has been removed from your account."),
    _("In case you forgot, your username is %(username)s."),
    _("New Recovery Codes Generated"),
    _("Password Changed"),
    _("Password Reset Email"),
    _("Password Set"),
    _("Please Confirm Your Email Address"),
    _("Re-send Verification"),
    _("Removed email address %(email)s."),
    _("Successfully signed in as %(name)s."),
    _("The new value must be different from the current one."),
    _("The password reset token was invalid."),
    _("The username and/or password you specified are not correct."),
    _("This account is currently inactive."),
    _("This email address is already associated with this account."),
    _("To confirm this is correct, go to %(activate_url)s"),
    _("Too many failed login attempts. Try again later."),
    _("Unable to confirm %(email)s because it is already confirmed by a different account."),
    _("Username can not be used. Please use other username."),
    _("Verify Your Email Address"),
    _("You are already logged in as %(user_display)s."),
    _("You cannot remove your primary email address (%(email)s)."),
    _("You must type the same password each time."),
    _("Your email address is still pending verification."),
    _("Your email has been changed from %(from_email)s to %(to_email)s."),
    _("Your email has been confirmed."),
    _("Your password has been reset."),
    _("Your password has been set."),
    _("Your primary email address must be verified."),
    _(
        'Please confirm that <a href="mailto:%(email)s">%(email)s</a> is an email address for '
        "user %(user_display)s."
    ),
    _(
        "This email confirmation link expired or is invalid. Please "
        '<a href="%(email_url)s">issue a new email confirmation request</a>.'
    ),
    _(
        "We have sent an email to you for verification. Follow the link provided to finalize the "
        "signup process. If you do not see the verification email in your main inbox, check your "
        "spam folder. Please contact us if you do not receive the verification email within a few "
        "minutes."
    ),
    _(
        "You are receiving this email because you or someone else tried to signup for an\naccount "
        "using email address:\n\n%(email)s\n\nHowever, an account using that email address already "
        "exists.  In case you have\nforgotten about this, please use the password forgotten "
        "procedure to recover\nyour account:\n\n%(password_reset_url)s"
    ),
    _(
        "You currently do not have any email address set up. You should really add an email "
        "address so you can receive notifications, reset your password, etc."
    ),
    _(
        "You're receiving this email because user %(user_display)s has given your email address to "
        "register an account on %(site_domain)s."
    ),
    _(
        "You're receiving this email because you or someone else has requested a password reset "
        "for your user account.\nIt can be safely ignored if you did not request a password reset. "
        "Click the link below to reset your password."
    ),
)
