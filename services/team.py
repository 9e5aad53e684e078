"""The team of a project: who is in it, one-time invitations, roles, leaving and being removed."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.enums import Role
from services import clock, desk_jobs, duty, reminders, withdrawing
from services.access import LEADERS, Actor, Denied, Gone, Refusal, Right, actor
from services.accounts import Visitor, ensure_person, join, refresh_commands
from services.inquiries import Released, release_member
from services.notices import notice, notice_team
from services.sql import LOCK, Row, Steps, run, transact, when
from services.texts import N_

INVITATION_DAYS = 7
INVITED = (Role.ADMINISTRATOR, Role.MANAGER)
PREFIX = "inv_"
"""How the start parameter of an invitation begins."""


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as the reader sees them. may_*: what the reader may do with this member."""

    id: int
    name: str
    username: str | None
    role: Role
    on_duty: bool
    reachable: bool
    me: bool
    may_remove: bool
    may_appoint: bool


@dataclass(frozen=True, slots=True)
class TeamView:
    """The team, owner first. invites: the roles that the reader may invite for."""

    project_id: int
    project: str
    members: tuple[MemberView, ...]
    invites: tuple[Role, ...]
    may_leave: bool
    open_invitations: int


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """`start` is the parameter of the control bot's link; it is told once and kept as a hash only."""

    id: int
    start: str
    role: Role
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An invitation that can still be used."""

    id: int
    role: Role
    by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Joined:
    """The project that somebody has come into."""

    project_id: int
    project: str
    role: Role


@dataclass(frozen=True, slots=True)
class Removed:
    """Who is out of the team, and how many open dialogs went back to «Новые»."""

    name: str
    dialogs: int
    passed: int = 0
    """How many went on with a colleague who was in them."""


class Team:
    """All functions take the person who acts; they raise Denied without the right, Gone for what is no more."""

    async def view(self, person_id: int, project_id: int) -> TeamView:
        """The whole team. Any member may look at it."""
        return await run(_team(person_id, project_id))

    async def member(self, person_id: int, project_id: int, member_id: int) -> MemberView:
        """One of the team."""
        return await run(_one_of_team(person_id, project_id, member_id))

    async def invite(self, person_id: int, project_id: int, role: Role) -> NewInvitation:
        """Make a one-time link for seven days. Administrators invite managers only."""
        return await transact(lambda: _invite(person_id, project_id, role))

    async def invitations(self, person_id: int, project_id: int) -> tuple[InvitationView, ...]:
        """The links that can still be used, newest first."""
        return await run(_open_invitations(person_id, project_id))

    async def revoke(self, person_id: int, project_id: int, invitation_id: int) -> None:
        """Make a link useless. Revoking it again changes nothing; Gone for one that was used."""
        await transact(lambda: _revoke(person_id, project_id, invitation_id))

    async def accept(self, control_bot_id: int, visitor: Visitor, start: str) -> Joined:
        """Come into a project by an invitation's start parameter; its author is told.

        Raises Gone for a link that is unknown, used, revoked or past its time, and for an own or present project.
        A repeat by the same person says the same again.
        """
        return await transact(lambda: _accept(control_bot_id, visitor, start))

    async def remove(self, person_id: int, project_id: int, member_id: int) -> Removed:
        """Take a member out: their dialogs go back to «Новые»; the team and the person are told."""
        return await transact(lambda: _remove(person_id, project_id, member_id))

    async def leave(self, person_id: int, project_id: int) -> Removed:
        """Leave the project oneself; an owner cannot. The dialogs go back to «Новые», the team is told."""
        return await transact(lambda: _leave(person_id, project_id))

    async def appoint(self, person_id: int, project_id: int, member_id: int, role: Role) -> MemberView:
        """Make a member administrator or manager; only the owner does. The member is told."""
        return await transact(lambda: _appoint(person_id, project_id, member_id, role))


def _team(person_id: int, project_id: int) -> Steps[TeamView]:
    who = yield from actor(person_id, project_id)
    rows = yield f"{_MEMBERS} AND m.removed_at IS NULL ORDER BY {_RANK}, m.name, m.id", (project_id,)
    projects = yield "SELECT name FROM projects WHERE id = ?", (project_id,)
    waiting = yield (
        "SELECT COUNT(*) AS waiting FROM invitations WHERE project_id = ? AND used_at IS NULL AND revoked_at IS NULL"
        " AND expires_at > ?",
        (project_id, clock.now()),
    )
    return TeamView(
        project_id=project_id,
        project=projects[0]["name"],
        members=tuple(_view(who, row) for row in rows),
        invites=tuple(role for role in INVITED if _may_invite(who, role)),
        may_leave=who.role is not Role.OWNER,
        open_invitations=waiting[0]["waiting"] if who.may(Right.TEAM) else 0,
    )


_MEMBERS = """
SELECT m.id, m.person_id, m.name, m.role, m.on_duty, p.username, p.reachable, pr.name AS project
FROM members m JOIN people p ON p.id = m.person_id JOIN projects pr ON pr.id = m.project_id
WHERE m.project_id = ?
"""
_RANK = "CASE m.role WHEN 'owner' THEN 0 WHEN 'administrator' THEN 1 ELSE 2 END"


def _one_of_team(person_id: int, project_id: int, member_id: int) -> Steps[MemberView]:
    who = yield from actor(person_id, project_id)
    return _view(who, (yield from _present(project_id, member_id)))


def _locked(project_id: int, member_id: int) -> Steps[Row]:
    yield f"SELECT id FROM members WHERE id = ? {LOCK}", (member_id,)
    return (yield from _present(project_id, member_id))


def _present(project_id: int, member_id: int) -> Steps[Row]:
    rows = yield f"{_MEMBERS} AND m.id = ? AND m.removed_at IS NULL", (project_id, member_id)
    if not rows:
        raise Gone(N_("This person is not in the team any more."))
    return rows[0]


def _view(who: Actor, row: Row) -> MemberView:
    return MemberView(
        id=row["id"],
        name=row["name"],
        username=row["username"],
        role=Role(row["role"]),
        on_duty=bool(row["on_duty"]),
        reachable=bool(row["reachable"]),
        me=row["id"] == who.member_id,
        may_remove=_may_remove(who, row),
        may_appoint=who.may(Right.APPOINT) and Role(row["role"]) is not Role.OWNER,
    )


def _remove(person_id: int, project_id: int, member_id: int) -> Steps[Removed]:
    who = yield from actor(person_id, project_id)
    member = yield from _locked(project_id, member_id)
    if not _may_remove(who, member):
        raise _cannot_remove(who, member)
    released = yield from _take_out(project_id, member)
    yield from notice(member_id, "removed", {"project": project_id})
    told = {"member": member_id, "by": who.member_id, "count": released.returned, "passed": released.passed}
    yield from notice_team(project_id, "member_removed", told, besides=who.member_id)
    return Removed(member["name"], released.returned, released.passed)


def _leave(person_id: int, project_id: int) -> Steps[Removed]:
    who = yield from actor(person_id, project_id)
    if who.role is Role.OWNER:
        raise Denied(N_("The owner cannot leave the own project."))
    member = yield from _locked(project_id, who.member_id)
    released = yield from _take_out(project_id, member)
    yield from notice_team(
        project_id, "member_left", {"member": who.member_id, "count": released.returned, "passed": released.passed}
    )
    return Removed(who.name, released.returned, released.passed)


def _take_out(project_id: int, member: Row) -> Steps[Released]:
    # First out, then released: the inquiries are offered to those who are left.
    was = yield from desk_jobs.place(member["id"])
    yield "UPDATE members SET removed_at = ? WHERE id = ?", (clock.now(), member["id"])
    released = yield from release_member(project_id, member["id"])
    if was is not None:
        yield from reminders.forget(was)
        yield from duty.missed(was)
        yield from withdrawing.everything_of(was)
    yield from _revoke_all_of(member["id"])
    yield from refresh_commands(member["person_id"])
    return released


def _revoke_all_of(member_id: int) -> Steps[None]:
    """Links live no longer than the right to make them."""
    yield (
        "UPDATE invitations SET revoked_at = ? WHERE created_by_id = ? AND used_at IS NULL AND revoked_at IS NULL",
        (clock.now(), member_id),
    )


def _may_invite(who: Actor, role: Role) -> bool:
    return who.may(Right.TEAM) if role is Role.MANAGER else who.may(Right.APPOINT) and role in INVITED


def _may_remove(who: Actor, row: Row) -> bool:
    """Nobody removes the owner, or oneself (that is leaving); administrators remove managers only."""
    role = Role(row["role"])
    if role is Role.OWNER or row["id"] == who.member_id:
        return False
    return who.may(Right.TEAM if role is Role.MANAGER else Right.APPOINT)


def _cannot_remove(who: Actor, row: Row) -> Denied:
    if Role(row["role"]) is Role.OWNER:
        return Denied(N_("Nobody can remove the owner of a project."))
    if row["id"] == who.member_id:
        return Denied(N_("To go yourself, press “Leave the project”."))
    if who.may(Right.TEAM):
        return Denied(N_("Only the owner removes administrators."))
    return Denied(N_("Only the owner and administrators remove people from the team."))


def _invite(person_id: int, project_id: int, role: Role) -> Steps[NewInvitation]:
    who = yield from actor(person_id, project_id)
    if not _may_invite(who, role):
        who.require(Right.TEAM)
        raise Denied(N_("Only the owner invites administrators."))
    code = secrets.token_urlsafe(24)
    now = clock.now()
    expires_at = now + timedelta(days=INVITATION_DAYS)
    rows = yield (
        "INSERT INTO invitations (project_id, code_hash, role, created_by_id, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
        (project_id, _hash(code), role.value, who.member_id, now, expires_at),
    )
    return NewInvitation(rows[0]["id"], PREFIX + code, role, expires_at)


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def _open_invitations(person_id: int, project_id: int) -> Steps[tuple[InvitationView, ...]]:
    who = yield from actor(person_id, project_id)
    who.require(Right.TEAM)
    rows = yield (
        "SELECT i.id, i.role, i.expires_at, m.name FROM invitations i JOIN members m ON m.id = i.created_by_id"
        " WHERE i.project_id = ? AND i.used_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > ?"
        " ORDER BY i.id DESC",
        (project_id, clock.now()),
    )
    return tuple(InvitationView(row["id"], Role(row["role"]), row["name"], when(row["expires_at"])) for row in rows)


def _revoke(person_id: int, project_id: int, invitation_id: int) -> Steps[None]:
    who = yield from actor(person_id, project_id)
    who.require(Right.TEAM)
    rows = yield (
        f"SELECT role, used_at FROM invitations WHERE id = ? AND project_id = ? {LOCK}",
        (invitation_id, project_id),
    )
    if not rows or rows[0]["used_at"] is not None:
        raise Gone(N_("This invitation has been used already."))
    if not _may_invite(who, Role(rows[0]["role"])):
        raise Denied(N_("Only the owner revokes invitations of administrators."))
    yield (
        "UPDATE invitations SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
        (clock.now(), invitation_id),
    )


def _accept(control_bot_id: int, visitor: Visitor, start: str) -> Steps[Joined]:
    rows = yield (
        "SELECT i.id, i.project_id, i.role, i.created_by_id, i.expires_at, i.used_at, i.revoked_at, i.used_by_id,"
        " pr.name AS project, pr.account_id FROM invitations i JOIN projects pr ON pr.id = i.project_id"
        f" WHERE i.code_hash = ? {LOCK}",
        (_hash(start.removeprefix(PREFIX)),),
    )
    if not rows:
        raise Gone(N_("This invitation is not known. Ask for a new link."))
    invitation = rows[0]
    known = yield from _acquaintance(control_bot_id, visitor.telegram_id, invitation["project_id"])
    joined = Joined(invitation["project_id"], invitation["project"], Role(invitation["role"]))
    if known is not None and invitation["used_at"] is not None and known["id"] == invitation["used_by_id"]:
        if known["role"] is not None:
            return joined
        raise Gone(N_("This invitation has been used already. Ask for a new link."))
    _check_open(invitation, known)
    person_id = yield from ensure_person(control_bot_id, visitor)
    member_id = yield from join(person_id, invitation["project_id"], joined.role)
    yield (
        "UPDATE invitations SET used_by_id = ?, used_at = ? WHERE id = ?",
        (person_id, clock.now(), invitation["id"]),
    )
    told = {"member": member_id, "role": joined.role.value}
    yield from notice_team(invitation["project_id"], "member_joined", told, roles=LEADERS, besides=member_id)
    return joined


def _acquaintance(control_bot_id: int, telegram_id: int, project_id: int) -> Steps[Row | None]:
    """The person with the role in that project, if any."""
    rows = yield (
        "SELECT p.id, p.account_id, m.role FROM people p"
        " LEFT JOIN members m ON m.person_id = p.id AND m.project_id = ? AND m.removed_at IS NULL"
        " WHERE p.control_bot_id = ? AND p.telegram_id = ?",
        (project_id, control_bot_id, telegram_id),
    )
    return rows[0] if rows else None


def _check_open(invitation: Row, known: Row | None) -> None:
    if known is not None and known["role"] == Role.OWNER.value:
        raise Gone(N_("This is an invitation into your own project: send it to a colleague."))
    if known is not None and known["role"] is not None:
        raise Gone(N_("You are in the team of “{project}” already."), project=invitation["project"])
    if invitation["revoked_at"] is not None:
        raise Gone(N_("This invitation was revoked. Ask for a new link."))
    if invitation["used_at"] is not None:
        raise Gone(N_("This invitation has been used already. Ask for a new link."))
    if when(invitation["expires_at"]) <= clock.now():
        raise Gone(N_("This invitation is past its time. Ask for a new link."))


def _appoint(person_id: int, project_id: int, member_id: int, role: Role) -> Steps[MemberView]:
    who = yield from actor(person_id, project_id)
    if not who.may(Right.APPOINT):
        raise Denied(N_("Only the owner appoints administrators."))
    member = yield from _locked(project_id, member_id)
    if Role(member["role"]) is Role.OWNER or role not in INVITED:
        raise Refusal(N_("The owner's role cannot be changed."))
    if Role(member["role"]) is not role:
        yield "UPDATE members SET role = ?, denied = '[]' WHERE id = ?", (role.value, member_id)
        yield from _revoke_all_of(member_id)
        yield from refresh_commands(member["person_id"])
        yield from notice(member_id, "role_changed", {"project": project_id, "role": role.value})
    return (yield from _one_of_team(person_id, project_id, member_id))
