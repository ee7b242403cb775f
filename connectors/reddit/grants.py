"""How Reddit is told who asks: an application alone, or one that acts for an account which has agreed once."""

from dataclasses import dataclass

from hub.errors import SetupError
from hub.kit import ClientCredentials, RefreshToken
from hub.kit.auth import Auth, Proof, Session

TOKENS = "https://www.reddit.com/api/v1/access_token"
ALONE = ClientCredentials(TOKENS, "client_id", "client_secret", in_header=True)
FOR_ACCOUNT = RefreshToken(TOKENS, "client_id", "client_secret", "refresh_token", in_header=True)


@dataclass(frozen=True)
class EitherGrant:
    """For an account where the connection's extra holds its refresh token, else for the application alone."""

    def headers(self, session: Session) -> dict[str, str]:
        """`Authorization: Bearer`."""
        return self.chosen(session).headers(session)

    def renew(self, session: Session, refused: Proof) -> bool:
        """Give the token up that was refused."""
        return self.chosen(session).renew(session, refused)

    def chosen(self, session: Session) -> Auth:
        """The grant that the connection has secrets for."""
        try:
            session.secret("refresh_token")
        except SetupError:
            return ALONE
        return FOR_ACCOUNT
