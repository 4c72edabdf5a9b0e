-- A partner's parked deliveries are listed by what is the partner's, not by what is everybody's.
CREATE INDEX deliveries_parked_of ON deliveries (partner, id) WHERE state = 'parked';
