"""What a collection knows of the files that came before, and what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from backbone.lake.landing import Received
from backbone.management.landing.places.folders import Found, Place
from backbone.management.landing.protocol import CollectContext
from backbone.model.deliveries import Delivery, LandedObject
from backbone.model.origins import Became, Origin, OriginNote, whereabouts

__all__ = ["Trail"]

_Content = tuple[str, ...]


@dataclass
class Trail:
    """The origins of one dataset: those that are known, and what is noticed now.

    Parameters
    ----------
    context, dataset : whose they are
    present : origin → state of everything that is there now
    place : where they are
    known : what was noticed last of every origin
    """

    context: CollectContext
    dataset: str
    present: Mapping[str, str]
    place: Place
    known: Mapping[str, Origin]
    moved: list[OriginNote] = field(default_factory=list)
    _deliveries: dict[str, Delivery] = field(default_factory=dict)
    _notes: list[OriginNote] = field(default_factory=list)
    _displaced: dict[str, list[Origin]] = field(default_factory=dict)
    _claimed: set[str] = field(default_factory=set)
    _gone: dict[_Content, list[Origin]] | None = None

    @classmethod
    def of(
        cls,
        context: CollectContext,
        dataset: str,
        present: Mapping[str, str],
        place: Place,
    ) -> Trail:
        """Return the trail as the lake remembers it."""
        seen = context.seen.get(dataset, ())
        notes = context.landing.notes(context.source, dataset).all()
        trail = cls(context, dataset, present, place, whereabouts(seen, notes))
        trail._deliveries = {delivery.id: delivery for delivery in seen}
        displaced = defaultdict(list)
        for origin in trail.known.values():
            if origin.state is not None and present.get(origin.name) != origin.state:
                displaced[origin.state].append(origin)
        trail._displaced = dict(displaced)
        return trail

    def problems(self, delivery: str) -> tuple[str, ...]:
        """Return what could not be delivered of a delivery, in words."""
        known = self._deliveries.get(delivery)
        return known.problems if known else ()

    def may_have_moved(self, found: Found) -> bool:
        """Tell whether a file looks like one that is not in its place any more."""
        return found.state in self._displaced

    def has_moved(self, found: Found, objects: Iterable[LandedObject]) -> bool:
        """Take note of a file that was collected from another place.

        It has the size, the time of change and the content of a file that is not there
        any more. What its path tells is the same too: that is data.
        """
        content = _content(objects)
        for origin in self._nearest(found):
            known = self._deliveries.get(origin.delivery)
            if (
                known is not None
                and known.objects[0].fields == found.fields
                and _content(known.objects) == content
                and self._has_left(origin)
            ):
                self._claim(origin)
                self.moved.append(self._note(origin, "renamed", found, found.state))
                return True
        return False

    def _returned(self, found: Found, mine: Origin) -> None:
        """Take note of a file that is back as it was, or has its old name again."""
        for origin in self._nearest(found):
            if origin.delivery == mine.delivery and self._is_lost(origin):
                self._claim(origin)
                self._note(origin, "renamed", found, found.state)
                return
        self._note(mine, "returned")

    def looked_at(self, found: Found) -> None:
        """Take note of a file that is as it was: it may be back, or be told otherwise."""
        mine = self.known[found.origin]
        if mine.is_gone:
            self._returned(found, mine)
        self._tell(found, self._deliveries.get(mine.delivery))

    def landed(self, found: Found, received: Received) -> None:
        """Take note of a file whose content was under another name until now."""
        if received.status == "again":
            self._tell(found, received.delivery)
        if received.status != "new" or not received.delivery.size:
            return
        for origin in self._lost().get(_content(received.delivery.objects), ()):
            if origin.name not in self._claimed:
                self._claim(origin)
                self._note(origin, "renamed", found)
                return

    def close(self) -> None:
        """Take note of what is gone, and write down all that was noticed.

        Raises
        ------
        LakeError : the disk did not take it
        """
        for origin in self.known.values():
            if origin.name not in self._claimed and self._is_lost(origin):
                self._note(origin, "deleted")
        if self._notes:
            notes = self.context.landing.notes(self.context.source, self.dataset)
            notes.add(self.context.received, self._notes)

    def _tell(self, found: Found, known: Delivery | None) -> None:
        """Take note of fields that the path tells now, and did not when it landed."""
        if known is not None and known.objects[0].fields != found.fields:
            received = self.context.received
            self._notes.append(
                OriginNote(received, known.id, found.origin, "told", fields=found.fields)
            )

    def _nearest(self, found: Found) -> list[Origin]:
        """Return the displaced files in the same state, those of the same name first."""
        last = f"/{found.last_name}"
        return sorted(
            self._displaced.get(found.state, ()),
            key=lambda origin: (not f"/{origin.name}".endswith(last), origin.name),
        )

    def _claim(self, origin: Origin) -> None:
        self._claimed.add(origin.name)
        if origin.state is not None:
            self._displaced[origin.state].remove(origin)

    def _is_lost(self, origin: Origin) -> bool:
        """Tell whether a file that was there until now is gone."""
        return (
            not origin.is_gone
            and origin.name not in self.present
            and self.place.is_gone(origin.name)
        )

    def _has_left(self, origin: Origin) -> bool:
        """Tell whether nothing, or another file, is in a file's place."""
        name = origin.name
        return origin.is_gone or name in self.present or self.place.is_gone(name)

    def _lost(self) -> dict[_Content, list[Origin]]:
        if self._gone is None:
            gone = defaultdict(list)
            for origin in filter(self._is_lost, self.known.values()):
                known = self._deliveries.get(origin.delivery)
                if known is not None:
                    gone[_content(known.objects)].append(origin)
            self._gone = dict(gone)
        return self._gone

    def _note(
        self,
        origin: Origin,
        became: Became,
        found: Found | None = None,
        state: str | None = None,
    ) -> OriginNote:
        to = found.origin if found else None
        received = self.context.received
        note = OriginNote(received, origin.delivery, origin.name, became, to, state)
        self._notes.append(note)
        return note


def _content(objects: Iterable[LandedObject]) -> _Content:
    return tuple(sorted(obj.sha256 for obj in objects))
